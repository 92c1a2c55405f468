// For the tests of this folder: builds logs byte by byte, and reads and writes them whole.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tcg/reader.hpp"
#include "formats/tcg/writer.hpp"
#include "formats/test_log.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/host.hpp"

namespace mrtool::tcg::testing {

// Vectors A, B and C: a crypto-agile log, a SHA-1 log without a spec-ID event, a CCEL with 16 bytes of fill.
inline constexpr std::string_view kVectorA =
    "0000000003000000000000000000000000000000000000000000000021000000"
    "53706563204944204576656e743033000000000000020002010000000b002000"
    "000000000003000000010000000b000000000000000000000000000000000000"
    "00000000000000000000000000000011000000537461727475704c6f63616c69"
    "747900030000000008000000010000000b005044804dd49e5286281fd6da51ad"
    "d5151f5b5976d358d23d7bc0471300c77b4e0600000076003100000000000000"
    "04000000010000000b00df3f619804a92fdb4057192dc43dd748ea778adc52bc"
    "498ce80524c014b8111904000000000000000700000004000000010000000b00"
    "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119"
    "0400000000000000";
inline constexpr std::string_view kVectorB =
    "00000000080000001489f923c4dca729178b3e3233458550d8dddf2902000000"
    "00000400000007000080cd0fdb4531a6ec41be2753ba042637d6e5f7f2562800"
    "000043616c6c696e6720454649204170706c69636174696f6e2066726f6d2042"
    "6f6f74204f7074696f6e04000000040000009069ca78e7450a285173431b3e52"
    "c5c25299e4730400000000000000";
inline constexpr std::string_view kVectorC =
    "0100000003000000000000000000000000000000000000000000000021000000"
    "53706563204944204576656e743033000000000000020002010000000c003000"
    "000000000003000000010000000c000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000024"
    "00000053503830302d313535204576656e7400792b0000000102030405060708"
    "090a0b0c0d0e0f0100000004000000010000000c00394341b7182cd227c5c6b0"
    "7ef8000cdfd86136c4292b8e576573ad7ed9ae41019f5818b4b971c9effc60e1"
    "ad9f1289f004000000000000000200000004000000010000000c00394341b718"
    "2cd227c5c6b07ef8000cdfd86136c4292b8e576573ad7ed9ae41019f5818b4b9"
    "71c9effc60e1ad9f1289f004000000000000000300000007000080010000000c"
    "00214b0bef1379756011344877743fdc2a5382bac6e70362d624ccf3f654407c"
    "1b4badf7d8f9295dd3dabdef65b27677e01d0000004578697420426f6f742053"
    "6572766963657320496e766f636174696f6e0400000006000000010000000c00"
    "c8b1cc2830e7933b4e6acbd2b0fdd5b4febd6385301255e110af522af8ff45ad"
    "78e15a2ded0057c3abc063ff9dd00415210000004c454141190000006578616d"
    "706c652e636f6d207374617274207b2261223a317dffffffffffffffffffffff"
    "ffffffffff";
inline constexpr std::size_t kVectorCFill = 16;

// The first record of a log of the CoCo attestation agent, "domain operation content" in RTMR 3.
inline constexpr std::string_view kAgentRecord =
    "0400000006000000010000000c00dad5f0e226318ffa9839b75a472c6aa7fdb5"
    "834949d0a0a22990cf04d5692440fb00f3aa0609db7e49cd8d793f670d022000"
    "00004c45414118000000646f6d61696e206f7065726174696f6e20636f6e7465"
    "6e74";

inline constexpr std::uint32_t kSeparator = 4;
inline constexpr std::uint32_t kVersion = 8;  // EV_S_CRTM_VERSION
inline constexpr std::uint32_t kHcrtm = 0x80000010;

using namespace std::string_view_literals;
inline constexpr std::string_view kLocality3 = "StartupLocality\0\3"sv;
inline constexpr std::string_view kSpecId02 = "Spec ID Event02\0\0\0\0\0\2\1\2\2\0"sv;

struct TestDigest {
  std::uint16_t algorithm = 0x0B;
  std::size_t size = 32;
  std::uint8_t byte = 0x5A;
};

// Appends records; each call is one.
class LogBuilder {
 public:
  explicit LogBuilder(ByteOrder order = ByteOrder::little) : out_(order) {}

  LogBuilder& sha1(std::uint32_t index, std::uint32_t type, std::string_view data, std::uint8_t digest = 0) {
    out_.u32(index).u32(type).fill(digest, 20).u32(static_cast<std::uint32_t>(data.size())).bytes(as_bytes(data));
    return *this;
  }
  // The data of a spec-ID event 03 of these algorithms; `vendor_size` is what it says, `vendor` what it holds.
  static std::string spec_id_data(const std::vector<TestDigest>& table, std::uint8_t vendor_size = 0,
                                  std::string_view vendor = {}, std::string_view signature = "Spec ID Event03\0"sv) {
    ByteWriter data;
    data.bytes(as_bytes(signature)).u32(0).u8(0).u8(2).u8(0).u8(2).u32(static_cast<std::uint32_t>(table.size()));
    for (const TestDigest& entry : table) {
      data.u16(entry.algorithm).u16(static_cast<std::uint16_t>(entry.size));
    }
    data.u8(vendor_size).bytes(as_bytes(vendor));
    return std::string(as_text(data.data()));
  }
  LogBuilder& spec_id(const std::vector<TestDigest>& table = {{}}, std::uint32_t index = 0) {
    return sha1(index, 3, spec_id_data(table));
  }
  LogBuilder& agile(std::uint32_t index, std::uint32_t type, std::string_view data,
                    const std::vector<TestDigest>& digests = {{}}) {
    out_.u32(index).u32(type).u32(static_cast<std::uint32_t>(digests.size()));
    for (const TestDigest& digest : digests) {
      out_.u16(digest.algorithm).fill(digest.byte, digest.size);
    }
    out_.u32(static_cast<std::uint32_t>(data.size())).bytes(as_bytes(data));
    return *this;
  }
  LogBuilder& bytes(ByteView view) {
    out_.bytes(view);
    return *this;
  }
  LogBuilder& fill(std::uint8_t byte, std::size_t count) {
    out_.fill(byte, count);
    return *this;
  }
  LogBuilder& final_events_header(std::uint64_t count) {
    out_.u64(1).u64(count);
    return *this;
  }

  Bytes take() { return out_.take(); }

 private:
  ByteWriter out_;
};

using mrtool::testing::Raw;
using mrtool::testing::read_whole;
using mrtool::testing::SlowSource;
using mrtool::testing::WholeLog;

inline std::unique_ptr<WholeLog> read_whole(Row row, std::unique_ptr<ByteSource> source,
                                            const ReadOptions& options = {}) {
  return mrtool::testing::read_whole_with(
      [&](DiagnosticSink& diagnostics) { return make_reader(row, std::move(source), options, diagnostics); });
}

inline std::unique_ptr<WholeLog> read_whole(Row row, ByteView bytes, const ReadOptions& options = {}) {
  return read_whole(row, make_memory_source(bytes), options);
}

inline Result<Bytes> write_whole(const WholeLog& log, Raw raw) {
  Bytes out;
  MemorySink sink(out);
  const Row row = log.info.format == "tcg" ? Row::tcg : log.info.format == "ccel" ? Row::ccel : Row::tcg2;
  return mrtool::testing::write_whole_with(*make_writer(row, sink, {}), out, log, raw);
}

}  // namespace mrtool::tcg::testing
