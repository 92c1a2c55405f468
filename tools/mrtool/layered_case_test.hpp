// A worked case of all layers: a TD whose quote vouches for RTMRs, a firmware log and a runtime log that explain them,
// and an IMA list that the runtime log carries as a virtual register. Everything is made here, with keys of its own,
// and each part can be changed before it is written down.
#pragma once

#include <nlohmann/json.hpp>

#include "lib/base/byte_writer.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/quote/tdx_test_quote.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {

// An entry of an IMA list, template ima-ng.
struct ImaTestEntry {
  std::string name;
  Bytes file_digest = Bytes(32, 0x11);  // SHA-256
  std::uint32_t pcr = 10;

  Bytes data() const {
    ByteWriter digest;
    digest.bytes(as_bytes(std::string_view("sha256:\0", 8))).bytes(file_digest);
    ByteWriter writer;
    writer.u32(static_cast<std::uint32_t>(digest.data().size())).bytes(digest.data());
    writer.u32(static_cast<std::uint32_t>(name.size() + 1)).bytes(as_bytes(name)).u8(0);
    return writer.take();
  }
  Bytes entry() const {
    const Bytes content = data();
    ByteWriter writer;
    writer.u32(pcr).bytes(HashEngine().hash(HashAlgorithm::sha1, content).view());
    writer.u32(6).bytes(as_bytes("ima-ng")).u32(static_cast<std::uint32_t>(content.size())).bytes(content);
    return writer.take();
  }
  Digest extended_as(HashAlgorithm bank) const { return HashEngine().hash(bank, data()); }
};

inline Digest fold_lines(const std::vector<std::string>& lines, Digest value) {
  HashEngine engine;
  for (const std::string& line : lines) {
    engine.extend(HashAlgorithm::sha384, value, engine.hash(HashAlgorithm::sha384, as_bytes(line)).view());
  }
  return value;
}

struct LayeredCase {
  static constexpr std::string_view kNonce = "00112233445566778899aabbccddeeff";

  TestTdxAuthority authority;
  TestTdxQuote quote;
  std::string ccel = read_text(kTestdata + "/vectors/ccel-sha384.bin");
  std::vector<ImaTestEntry> ima = {{.name = "boot_aggregate", .file_digest = Bytes(32)},
                                   {.name = "/usr/bin/sh"},
                                   {.name = "/usr/lib/libc.so.6", .file_digest = Bytes(32, 0x22)}};
  Digest before;                   // RTMR 3 where the firmware log leaves it
  std::vector<std::string> lines;  // of the runtime log
  Scratch files;
  std::vector<std::string> more;  // further words of the command line

  LayeredCase() {
    take_firmware_registers();
    lines.push_back("SYNC sha384/" + before.hex());
    lines.push_back("example.org/deploy image one");
    for (const ImaTestEntry& entry : ima) {
      lines.push_back("mr_ima extend sha256/" + entry.extended_as(HashAlgorithm::sha256).hex());
    }
    quote.report_data = *from_hex(kNonce);
    quote.report_data.resize(64);
    take_lines();
  }

  // RTMR 3 as the runtime log leads to it.
  void take_lines() { quote.rtmr[3] = to_bytes(fold_lines(lines, before).view()); }

  // The RTMRs as the firmware log leads to them.
  void take_firmware_registers() {
    write_text(files / "ccel.bin", ccel);
    const Finished finished = mrtool({"replay", "--json", (files / "ccel.bin").string()});
    REQUIRE(finished.status == 0);
    const auto document = nlohmann::json::parse(finished.out);
    for (const auto& entry : document.at("registers")) {
      const std::string reg = entry.at("register");
      if (reg.starts_with("rtmr")) {
        quote.rtmr.at(static_cast<std::size_t>(reg.back() - '0')) = *from_hex(entry.at("value").get<std::string>());
      }
    }
    before = Digest(quote.rtmr[3]);
  }

  std::string path(const std::string& name) const { return (files / name).string(); }

  void write() {
    write_text(files / "ccel.bin", ccel);
    std::string log;
    for (const std::string& line : lines) {
      log += line + "\n";
    }
    write_text(files / "runtime.log", log);
    Bytes list;
    for (const ImaTestEntry& entry : ima) {
      const Bytes bytes = entry.entry();
      list.insert(list.end(), bytes.begin(), bytes.end());
    }
    write_text(files / "ima.bin", std::string(as_text(list)));
    write_text(files / "quote.bin", std::string(as_text(make_quote(quote, authority))));
    write_text(files / "root.pem", authority.root.certificate.pem());
  }

  struct Outcome {
    int status = 0;
    nlohmann::json document;
    std::string err;

    std::string verdict(std::string_view layer) const {
      for (const auto& entry : document.at("layers")) {
        if (entry.at("layer") == layer) {
          return entry.at("verdict");
        }
      }
      return "absent";
    }
    // The first layer that does not pass.
    std::string broken() const {
      for (const auto& entry : document.at("layers")) {
        if (entry.at("verdict") == "fail" || entry.at("verdict") == "inconclusive") {
          return entry.at("layer");
        }
      }
      return {};
    }
    std::string check(std::string_view layer, std::string_view name) const {
      for (const auto& entry : document.at("layers")) {
        for (const auto& check : entry.at("checks")) {
          if (entry.at("layer") == layer && check.at("check") == name) {
            return check.at("verdict");
          }
        }
      }
      return "absent";
    }
  };

  Outcome verify() const {
    std::vector<std::string> words = {"verify",
                                      "--json",
                                      path("ccel.bin"),
                                      "rtmr3=" + path("runtime.log"),
                                      "mr:mr_ima=" + path("ima.bin"),
                                      "--quote",
                                      path("quote.bin"),
                                      "--ca",
                                      path("root.pem")};
    if (std::ranges::find(more, "--nonce") == more.end() && std::ranges::find(more, "--no-nonce") == more.end()) {
      words.insert(words.end(), {"--nonce", std::string(kNonce)});
    }
    words.insert(words.end(), more.begin(), more.end());
    Finished finished = mrtool(words);
    CAPTURE(finished.err);
    INFO(finished.out);
    REQUIRE_MESSAGE(!finished.out.empty(), finished.err);
    return {.status = finished.status, .document = nlohmann::json::parse(finished.out), .err = finished.err};
  }
};

}  // namespace mrtool::testing
