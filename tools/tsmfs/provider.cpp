#include "tools/tsmfs/provider.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool::tsmfs {
namespace {

constexpr std::size_t kLongestName = 64;

// What a file of both trees can be called: no slash, and no colon, which has a meaning there.
bool is_name(std::string_view name) {
  constexpr std::string_view kOther = "_-.";
  return !name.empty() && name.size() <= kLongestName && !name.starts_with('.') &&
         std::ranges::all_of(name, [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOther.contains(c);
         });
}

Status refused(std::string_view name, std::string_view problem) {
  return fail(ErrorKind::usage, fmt::format("register \"{}\": {}", escape_for_terminal(name), problem));
}

Status check(const Definition& definition) {
  if (!is_name(definition.name)) {
    return refused(definition.name, "expected a name of letters, digits, '_', '-' and '.', at most 64");
  }
  if (definition.kind == AccessKind::report) {
    return {};
  }
  const HashAlgorithmRow* const row = find_algorithm(definition.bank);
  if (row == nullptr) {
    return can_be_appended_to(definition) ? refused(definition.name, "only a register with a hash can be extended")
           : definition.initial.empty() || definition.initial.size() > kPageSize
               ? refused(definition.name, "expected a size of 1 to 4096 bytes")
               : Status();
  }
  if (definition.initial.size() != row->size) {
    return refused(definition.name, fmt::format("a value of {} has {} bytes, found {}", row->name, row->size,
                                                definition.initial.size()));
  }
  return tsm::kernel_name(definition.bank).empty() || !HashEngine::can_compute(definition.bank)
             ? refused(definition.name, fmt::format("{} cannot be computed on this machine", row->name))
             : Status();
}

}  // namespace

Result<std::unique_ptr<Provider>> Provider::make(std::string name, std::vector<Definition> definitions) {
  if (!is_name(name)) {
    return fail(ErrorKind::usage, fmt::format("provider \"{}\": expected a name of letters, digits, '_', '-' and '.', "
                                              "at most 64",
                                              escape_for_terminal(name)));
  }
  std::unique_ptr<Provider> provider(new Provider);
  provider->name_ = std::move(name);
  for (Definition& definition : definitions) {
    if (Status added = provider->add(std::move(definition)); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  provider->refresh();
  provider->in_sync_ = false;
  return provider;
}

Status Provider::add(Definition definition) {
  if (Status checked = check(definition); !checked) {
    return checked;
  }
  for (SoftwareRegister& other : registers_) {
    if (other.definition().name == definition.name && other.definition().bank == definition.bank) {
      return refused(definition.name, "there are two of this name and hash");
    }
  }
  if (!definition.memory.empty()) {
    SoftwareRegister* const owner = find(definition.memory);
    if (owner == nullptr || owner->value().size() != definition.initial.size()) {
      return refused(definition.name, "it shares the value of a register that is not there or has another size");
    }
    registers_.emplace_back(std::move(definition), *owner);
    return {};
  }
  for (const std::string& covered : definition.covers) {
    if (find(covered) == nullptr) {
      return refused(definition.name, fmt::format("it reports {}, which does not come before it", covered));
    }
  }
  registers_.emplace_back(std::move(definition));
  return {};
}

SoftwareRegister* Provider::find(std::string_view name) {
  const auto place =
      std::ranges::find_if(registers_, [name](SoftwareRegister& reg) { return reg.definition().name == name; });
  return place == registers_.end() ? nullptr : &*place;
}

ByteView Provider::value(SoftwareRegister& reg) {
  if (reg.definition().kind == AccessKind::report && !in_sync_) {
    refresh();
  }
  return reg.value();
}

// In their order, for a report may show another one.
void Provider::refresh() {
  for (SoftwareRegister& reg : registers_) {
    if (reg.definition().kind == AccessKind::report) {
      reg.set_value(report(reg.definition()));
    }
  }
  in_sync_ = true;
}

Bytes Provider::report(const Definition& definition) {
  Bytes shown;
  for (const std::string& name : definition.covers) {
    const ByteView value = find(name)->value();
    shown.insert(shown.end(), value.begin(), value.end());
  }
  return definition.bank == HashAlgorithm::none ? shown : to_bytes(engine_.hash(definition.bank, shown).view());
}

Outcome<std::size_t> Provider::write_value(SoftwareRegister& reg, ByteView value, Interface interface) {
  if (value.size() != reg.value().size()) {
    return std::unexpected(std::errc::invalid_argument);
  }
  Outcome<std::size_t> written = value.size();
  if (reg.definition().kind == AccessKind::stored) {
    reg.set_value(to_bytes(value));
  } else {
    written = interface == Interface::rfc ? reg.extend_logged(value) : reg.extend(value);
  }
  if (written) {
    in_sync_ = false;
  }
  return written;
}

}  // namespace mrtool::tsmfs
