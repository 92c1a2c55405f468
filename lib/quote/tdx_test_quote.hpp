// Makes TDX quotes as a platform does, under a root of one's own: for tests that need a quote of registers of their
// choice, or one that is wrong in one place.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/byte_writer.hpp"
#include "lib/crypto/test_certificate.hpp"
#include "lib/quote/quote.hpp"

namespace mrtool::testing {

inline constexpr std::string_view kTestFmspc = "b0c06f000000";
inline constexpr std::string_view kTdQeSigner = "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5";

// --- Certificates with the names and extensions of Intel's

namespace detail {

inline Bytes der(std::uint8_t tag, ByteView content) {
  ByteWriter writer;
  writer.u8(tag);
  if (content.size() >= 0x80) {
    writer.u8(0x82).u8(static_cast<std::uint8_t>(content.size() >> 8U));
  }
  return writer.u8(static_cast<std::uint8_t>(content.size())).bytes(content).take();
}

inline Bytes joined(const std::vector<Bytes>& parts) {
  ByteWriter writer;
  for (const Bytes& part : parts) {
    writer.bytes(part);
  }
  return writer.take();
}

// SEQUENCE { OBJECT IDENTIFIER 1.2.840.113741.1.13.1.path, value }
inline Bytes sgx_pair(const std::vector<std::uint8_t>& path, ByteView value) {
  Bytes oid = *from_hex("2a864886f84d010d01");
  oid.insert(oid.end(), path.begin(), path.end());
  return der(0x30, joined({der(0x06, oid), to_bytes(value)}));
}

}  // namespace detail

struct TestPck {
  Bytes fmspc = *from_hex(kTestFmspc);
  Bytes pce_id = {0, 0};
  std::uint8_t component_svn = 5;  // of all 16
  std::uint8_t pce_svn = 11;
};

// The content of extension 1.2.840.113741.1.13.1.
inline Bytes pck_extension(const TestPck& pck) {
  using detail::der;
  using detail::joined;
  using detail::sgx_pair;
  constexpr std::uint8_t kComponents = 16;
  std::vector<Bytes> tcb;
  for (std::uint8_t i = 1; i <= kComponents; ++i) {
    tcb.push_back(sgx_pair({2, i}, der(0x02, Bytes{pck.component_svn})));
  }
  tcb.push_back(sgx_pair({2, 17}, der(0x02, Bytes{pck.pce_svn})));
  tcb.push_back(sgx_pair({2, 18}, der(0x04, Bytes(kComponents, pck.component_svn))));
  return der(0x30, joined({
                       sgx_pair({1}, der(0x04, Bytes(16, 0xA5))),
                       sgx_pair({2}, der(0x30, joined(tcb))),
                       sgx_pair({3}, der(0x04, pck.pce_id)),
                       sgx_pair({4}, der(0x04, pck.fmspc)),
                       sgx_pair({5}, der(0x0A, Bytes{0})),
                   }));
}

struct TestTdxAuthority {
  TestIssued root = issue({.common_name = "Test SGX Root CA", .ca = true}, TestKey::ec("P-256"));
  TestIssued pck_ca =
      issue({.common_name = "Intel SGX PCK Platform CA", .ca = true, .serial = 2}, TestKey::ec("P-256"), &root);
  TestIssued pck = make_pck({});
  TestIssued tcb_signer = issue({.common_name = "Intel SGX TCB Signing", .serial = 4}, TestKey::ec("P-256"), &root);

  TestIssued make_pck(const TestPck& wanted) const {
    return issue({.common_name = "Intel SGX PCK Certificate",
                  .serial = 3,
                  .extensions = {{"basicConstraints", "critical,CA:FALSE"},
                                 {"keyUsage", "critical,digitalSignature,nonRepudiation"},
                                 {"1.2.840.113741.1.13.1", "DER:" + to_hex(pck_extension(wanted))}}},
                 TestKey::ec("P-256"), &pck_ca);
  }
  std::string chain_pem() const { return pck.certificate.pem() + pck_ca.certificate.pem() + root.certificate.pem(); }
  NamedBytes root_file() const { return {.name = "root.pem", .bytes = to_bytes(as_bytes(root.certificate.pem()))}; }
};

// --- The quote

// Every field has what a quote in production would hold; a test changes what it is about.
struct TestTdxQuote {
  std::uint16_t version = 4;
  std::uint16_t body_type = 2;  // 2: TD 1.0; 3: TD 1.5, version 5 only
  std::uint32_t tee_type = 0x81;
  Bytes tee_tcb_svn = *from_hex("05000200000000000000000000000000");
  Bytes mrseam = Bytes(48, 0x5E);
  Bytes mrsignerseam = Bytes(48);
  Bytes seam_attributes = Bytes(8);
  std::uint64_t td_attributes = 0x10000000;  // SEPT_VE_DISABLE
  std::uint64_t xfam = 0x61AE7;
  Bytes mrtd = Bytes(48, 0x7D);
  Bytes mrconfigid = Bytes(48);
  Bytes mrowner = Bytes(48);
  Bytes mrownerconfig = Bytes(48);
  std::array<Bytes, 4> rtmr = {Bytes(48), Bytes(48), Bytes(48), Bytes(48)};
  Bytes report_data = Bytes(64);
  Bytes mrservicetd = Bytes(48);  // TD 1.5
  Bytes qe_mrsigner = *from_hex(kTdQeSigner);
  std::uint64_t qe_flags = 0x15;
  std::uint16_t qe_isv_prod_id = 2;
  std::uint16_t qe_isv_svn = 7;
  Bytes authentication_data = *from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  std::uint16_t certification_type = 5;
  std::optional<std::string> certification_data = {};  // instead of the authority's chain

  // Instead of the ones that belong there.
  std::optional<TestKey> attestation_key = {};
  std::optional<TestKey> quote_signer = {};
  std::optional<TestKey> qe_report_signer = {};
  std::optional<Bytes> qe_report_data = {};
  std::optional<std::uint32_t> stated_body_size = {};  // version 5
};

namespace detail {

inline Bytes p256_point(const TestKey& key) {
  constexpr std::ptrdiff_t kPoint = 64;
  const Bytes der = key.der();
  return {der.end() - kPoint, der.end()};
}

inline Bytes p256_sign(const TestKey& key, ByteView message) {
  const auto signature =
      ecdsa_signature_from_der(Curve::p256, key.sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, message));
  REQUIRE(signature);
  return *signature;
}

inline Bytes td_body(const TestTdxQuote& quote) {
  ByteWriter writer;
  writer.bytes(quote.tee_tcb_svn).bytes(quote.mrseam).bytes(quote.mrsignerseam).bytes(quote.seam_attributes);
  writer.u64(quote.td_attributes).u64(quote.xfam).bytes(quote.mrtd);
  writer.bytes(quote.mrconfigid).bytes(quote.mrowner).bytes(quote.mrownerconfig);
  for (const Bytes& rtmr : quote.rtmr) {
    writer.bytes(rtmr);
  }
  writer.bytes(quote.report_data);
  if (quote.body_type == 3) {
    writer.bytes(quote.tee_tcb_svn).bytes(quote.mrservicetd);
  }
  return writer.take();
}

inline Bytes header_and_body(const TestTdxQuote& quote) {
  const Bytes body = td_body(quote);
  ByteWriter writer;
  writer.u16(quote.version).u16(2).u32(quote.tee_type).u32(0);
  writer.bytes(*from_hex("939a7233f79c4ca9940a0db3957f0607")).fill(0, 20);
  if (quote.version == 5) {
    writer.u16(quote.body_type);
    writer.u32(quote.stated_body_size.value_or(static_cast<std::uint32_t>(body.size())));
  }
  return writer.bytes(body).take();
}

inline Bytes qe_report(const TestTdxQuote& quote, ByteView attestation_point) {
  Bytes report_data(64);
  const Digest hash = HashEngine().hash(HashAlgorithm::sha256, attestation_point, quote.authentication_data);
  std::ranges::copy(hash.view(), report_data.begin());
  ByteWriter writer;
  writer.fill(5, 16).u32(0).fill(0, 28);        // CPUSVN, MISCSELECT
  writer.u64(quote.qe_flags).u64(0xE7);         // ATTRIBUTES
  writer.fill(0xE0, 32).fill(0, 32);            // MRENCLAVE
  writer.bytes(quote.qe_mrsigner).fill(0, 96);  // MRSIGNER
  writer.u16(quote.qe_isv_prod_id).u16(quote.qe_isv_svn).fill(0, 60);
  return writer.bytes(quote.qe_report_data.value_or(report_data)).take();
}

inline Bytes certification(const TestTdxQuote& quote, const TestTdxAuthority& authority, ByteView attestation_point) {
  const Bytes report = qe_report(quote, attestation_point);
  const std::string data = quote.certification_data.value_or(authority.chain_pem() + std::string(1, '\0'));
  ByteWriter writer;
  writer.bytes(report).bytes(p256_sign(quote.qe_report_signer.value_or(authority.pck.key), report));
  writer.u16(static_cast<std::uint16_t>(quote.authentication_data.size())).bytes(quote.authentication_data);
  writer.u16(quote.certification_type).u32(static_cast<std::uint32_t>(data.size()));
  return writer.bytes(as_bytes(data)).take();
}

}  // namespace detail

inline Bytes make_quote(const TestTdxQuote& quote, const TestTdxAuthority& authority) {
  const TestKey attestation_key = quote.attestation_key.value_or(TestKey::ec("P-256"));
  const Bytes point = detail::p256_point(attestation_key);
  const Bytes signed_part = detail::header_and_body(quote);
  const Bytes certification = detail::certification(quote, authority, point);
  ByteWriter signature;
  signature.bytes(detail::p256_sign(quote.quote_signer.value_or(attestation_key), signed_part)).bytes(point);
  signature.u16(6).u32(static_cast<std::uint32_t>(certification.size())).bytes(certification);
  ByteWriter writer;
  writer.bytes(signed_part).u32(static_cast<std::uint32_t>(signature.data().size())).bytes(signature.data());
  return writer.take();
}

// The report that a TD with the fields of `quote` gets from its module; the MAC is nobody's.
inline Bytes make_td_report(const TestTdxQuote& quote) {
  ByteWriter tcb_info;
  tcb_info.u64(0x301FF).bytes(quote.tee_tcb_svn).bytes(quote.mrseam).bytes(quote.mrsignerseam);
  tcb_info.bytes(quote.seam_attributes).bytes(quote.tee_tcb_svn).fill(0, 95);
  ByteWriter td_info;
  td_info.u64(quote.td_attributes).u64(quote.xfam).bytes(quote.mrtd);
  td_info.bytes(quote.mrconfigid).bytes(quote.mrowner).bytes(quote.mrownerconfig);
  for (const Bytes& rtmr : quote.rtmr) {
    td_info.bytes(rtmr);
  }
  td_info.bytes(quote.mrservicetd).fill(0, 64);
  HashEngine engine;
  ByteWriter report;
  report.u8(0x81).u8(0).u8(1).fill(0, 13).fill(5, 16);  // type, subtype, version; CPUSVN
  report.bytes(engine.hash(HashAlgorithm::sha384, tcb_info.data()).view());
  report.bytes(engine.hash(HashAlgorithm::sha384, td_info.data()).view());
  report.bytes(quote.report_data).fill(0, 32).fill(0xAC, 32);
  return report.bytes(tcb_info.data()).fill(0, 17).bytes(td_info.data()).take();
}

// --- What the service publishes

struct TestTcbInfo {
  std::string id = "TDX";
  std::string fmspc = std::string(kTestFmspc);
  std::string issue_date = "2017-01-01T00:00:00Z";
  std::string next_update = "2052-01-01T00:00:00Z";
  int sgx_svn = 5;  // demanded of all components
  int pce_svn = 11;
  int module_svn = 5;  // demanded of the first component of TDX, or of the module's ISVSVN
  std::string status = "UpToDate";
  std::string module_status = "UpToDate";
  std::string advisories = R"(["INTEL-SA-00001"])";
};

inline std::string signed_json(std::string_view member, const std::string& body, const TestKey& signer) {
  return fmt::format(R"({{"{}":{},"signature":"{}"}})", member, body,
                     to_hex(detail::p256_sign(signer, as_bytes(body))));
}

inline std::string make_tcb_info(const TestTcbInfo& wanted, const TestKey& signer) {
  std::string sgx;
  std::string tdx;
  for (int i = 0; i < 16; ++i) {
    sgx += fmt::format(R"({}{{"svn":{}}})", i == 0 ? "" : ",", wanted.sgx_svn);
    tdx += fmt::format(R"({}{{"svn":{}}})", i == 0 ? "" : ",", i == 0 ? wanted.module_svn : 0);
  }
  const std::string module =
      fmt::format(R"("mrsigner":"{:096}","attributes":"0000000000000000","attributesMask":"FFFFFFFFFFFFFFFF")", 0);
  return signed_json(
      "tcbInfo",
      fmt::format(
          R"({{"id":"{}","version":3,"issueDate":"{}","nextUpdate":"{}","fmspc":"{}","pceId":"0000","tcbType":0,)"
          R"("tcbEvaluationDataNumber":17,"tdxModule":{{{}}},"tdxModuleIdentities":[{{"id":"TDX_01",{},)"
          R"("tcbLevels":[{{"tcb":{{"isvsvn":{}}},"tcbDate":"2024-03-13T00:00:00Z","tcbStatus":"{}"}}]}}],)"
          R"("tcbLevels":[{{"tcb":{{"sgxtcbcomponents":[{}],"pcesvn":{},"tdxtcbcomponents":[{}]}},)"
          R"("tcbDate":"2024-03-13T00:00:00Z","tcbStatus":"{}","advisoryIDs":{}}}]}})",
          wanted.id, wanted.issue_date, wanted.next_update, wanted.fmspc, module, module, wanted.module_svn,
          wanted.module_status, sgx, wanted.pce_svn, tdx, wanted.status, wanted.advisories),
      signer);
}

struct TestQeIdentity {
  std::string mrsigner = std::string(kTdQeSigner);
  int isv_svn = 4;
  std::string status = "UpToDate";
};

inline std::string make_qe_identity(const TestQeIdentity& wanted, const TestKey& signer) {
  return signed_json(
      "enclaveIdentity",
      fmt::format(
          R"({{"id":"TD_QE","version":2,"issueDate":"2017-01-01T00:00:00Z","nextUpdate":"2052-01-01T00:00:00Z",)"
          R"("tcbEvaluationDataNumber":17,"miscselect":"00000000","miscselectMask":"FFFFFFFF",)"
          R"("attributes":"11000000000000000000000000000000","attributesMask":"FBFFFFFFFFFFFFFF0000000000000000",)"
          R"("mrsigner":"{}","isvprodid":2,"tcbLevels":[{{"tcb":{{"isvsvn":{}}},"tcbDate":"2024-03-13T00:00:00Z",)"
          R"("tcbStatus":"{}"}}]}})",
          wanted.mrsigner, wanted.isv_svn, wanted.status),
      signer);
}

}  // namespace mrtool::testing
