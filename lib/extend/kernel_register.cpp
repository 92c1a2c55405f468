#include "lib/extend/kernel_register.hpp"

#include <fmt/format.h>

#include "lib/registers/names.hpp"

namespace mrtool::extend {

namespace {

constexpr std::uint64_t kRegisterFile = 4096;  // bytes: the kernel never gives more than a page

std::unexpected<Error> io_failure(std::string message, const std::string& file) {
  Error error = fail(ErrorKind::io, std::move(message)).error();
  error.file = file;
  return std::unexpected(std::move(error));
}

}  // namespace

Result<Digest> KernelRegister::read_value() {
  auto bytes = host_.read_file(place_.file, kRegisterFile);
  if (!bytes) {
    return std::unexpected(std::move(bytes).error());
  }
  const std::size_t size = find_algorithm(place_.bank)->size;
  if (bytes->size() != size) {
    return io_failure(fmt::format("expected the {} bytes of {} in bank {}, found {}", size, to_string(place_.reg),
                                  to_string(place_.bank), bytes->size()),
                      place_.file);
  }
  return Digest(*bytes);
}

Result<std::vector<BankDigest>> KernelRegister::read() {
  MRTOOL_TRY(value, read_value());
  return std::vector{BankDigest{.bank = place_.bank, .digest = value}};
}

Status KernelRegister::extend(std::span<const BankDigest> digests) {
  // The kernel takes the front of a digest that is too long.
  if (digests.size() != 1 || digests.front().bank != place_.bank ||
      digests.front().digest.size() != find_algorithm(place_.bank)->size) {
    return fail(ErrorKind::unsupported, fmt::format("{} is extended by one {} digest and by nothing else",
                                                    to_string(place_.reg), to_string(place_.bank)));
  }
  const ByteView digest = digests.front().digest.view();
  MRTOOL_TRY(before, read_value());
  Digest expected = before;
  engine_.extend(place_.bank, expected, digest);
  const Status written = host_.write_once(place_.file, digest);
  const auto after = read_value();
  if (after && *after == expected) {
    return {};
  }
  const std::string name = to_string(place_.reg);
  if (!after) {
    return std::unexpected(
        with_advice(written ? after.error() : written.error(),
                    fmt::format("{} cannot be read any more, so whether it was extended is not known", name), advice_));
  }
  const bool unchanged = *after == before;
  if (!written) {
    return std::unexpected(with_advice(
        written.error(),
        unchanged
            ? fmt::format("{} was not extended", name)
            : fmt::format("{} has changed, and whether by this digest is not known: somebody else extends it", name),
        advice_));
  }
  if (unchanged) {
    return io_failure(
        fmt::format("the digest was taken, but {} still has the value {}: it was not extended", name, before.hex()),
        place_.file);
  }
  if (equal(after->view(), digest)) {
    return io_failure(fmt::format("{} now holds the digest itself: the file is no measurement register", name),
                      place_.file);
  }
  // The kernel took all of it. Somebody else extended it, too, which who keeps its log finds by its value.
  return {};
}

Status check_writable(const KernelPlace& place, Host& host) {
  const auto mode = host.mode(place.file);
  if (!mode) {
    return std::unexpected(mode.error());
  }
  if (!is_writable(place.file, host)) {
    return io_failure(fmt::format("the kernel lets {} be read only: nobody can extend it here", to_string(place.reg)),
                      place.file);
  }
  return {};
}

}  // namespace mrtool::extend
