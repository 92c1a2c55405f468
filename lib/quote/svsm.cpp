#include "lib/quote/svsm.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "lib/base/guid.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::quotes {
namespace {

constexpr Guid kServices = make_guid(0x63849ebb, 0x3d92, 0x4670, {0xa1, 0xff, 0x58, 0xf9, 0xc9, 0x4b, 0x87, 0xbb});

struct ServiceRow {
  Guid guid;
  std::string_view name;
};
constexpr std::array kServiceRows{
    ServiceRow{make_guid(0xc476f1eb, 0x0123, 0x45a5, {0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3}), "vtpm"},
    ServiceRow{make_guid(0xa4453a59, 0x9e1b, 0x4787, {0xa0, 0x33, 0x19, 0x86, 0xd6, 0xad, 0xbe, 0x55}),
               "uefi_variables"},
};

std::optional<Value> read_service(ByteReader& table, ByteView manifest) {
  const Guid guid = read_guid(table);
  const std::uint64_t offset = table.u32();
  const std::uint64_t size = table.u32();
  if (!table.ok() || offset > manifest.size() || size > manifest.size() - offset) {
    return std::nullopt;
  }
  const auto row = std::ranges::find(kServiceRows, guid, &ServiceRow::guid);
  return Value::Object{{"guid", Value(to_string(guid))},
                       {"service", row == kServiceRows.end() ? Value() : Value(row->name)},
                       {"data", Value(to_bytes(manifest.subspan(offset, size)))}};
}

std::optional<Value> read_services(ByteView manifest) {
  ByteReader table(manifest);
  const Guid guid = read_guid(table);
  const std::uint32_t total = table.u32();
  const std::uint32_t count = table.u32();
  constexpr std::uint64_t kEntry = 24;
  if (!table.ok() || guid != kServices || total != manifest.size() || count > table.left() / kEntry) {
    return std::nullopt;
  }
  // Entries may name the same bytes again and again.
  std::uint64_t named = 0;
  Value::List services;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto service = read_service(table, manifest);
    named += service ? service->find("data")->as<Bytes>()->size() : 0;
    if (!service || named > manifest.size()) {
      return std::nullopt;
    }
    services.push_back(std::move(*service));
  }
  return services;
}

}  // namespace

Value decode_svsm_manifest(ByteView manifest) {
  if (auto services = read_services(manifest)) {
    return Value::Object{{"services", std::move(*services)}};
  }
  return Value::Object{{"data", Value(to_bytes(manifest))}};
}

}  // namespace mrtool::quotes
