#include "lib/crypto/certificate.hpp"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <memory>
#include <vector>

#include "lib/crypto/certificate_native.hpp"

namespace mrtool {

namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
};

template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string last_common_name(const X509_NAME* name) {
  int last = -1;
  for (int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) {
    last = i;
  }
  if (last < 0) {
    return {};
  }
  unsigned char* raw = nullptr;
  const int size = ASN1_STRING_to_UTF8(&raw, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  const Owned<unsigned char> text(raw);
  return size > 0 ? std::string(as_text({text.get(), static_cast<std::size_t>(size)})) : std::string{};
}

std::string serial_text(const ASN1_INTEGER* serial) {
  const int size = ASN1_STRING_length(serial);
  if (size <= 0) {
    return {};
  }
  const bool negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;
  const std::string hex = to_hex({ASN1_STRING_get0_data(serial), static_cast<std::size_t>(size)});
  return negative ? "-" + hex : hex;
}

std::string sha256_text(ByteView bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    return {};
  }
  return to_hex(ByteView(digest).first(size));
}

}  // namespace

std::string name_text(const X509_NAME* name) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  constexpr unsigned long kFlags = (XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  if (!bio || name == nullptr || X509_NAME_print_ex(bio.get(), name, 0, kFlags) < 0) {
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string{};
}

std::string time_text(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return {};
  }
  constexpr int kFirstYear = 1900;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + kFirstYear, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

CertificateSummary summarize_certificate(const X509* certificate, ByteView der) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  CertificateSummary summary{
      .subject = name_text(subject),
      .issuer = name_text(X509_get_issuer_name(certificate)),
      .serial = serial_text(X509_get0_serialNumber(certificate)),
      .not_before = time_text(X509_get0_notBefore(certificate)),
      .not_after = time_text(X509_get0_notAfter(certificate)),
      .sha256 = sha256_text(der),
      .common_name = last_common_name(subject),
  };
  ERR_clear_error();
  return summary;
}

namespace {

std::optional<CertificateSummary> decode_summary(ByteView der) {
  if (der.empty() || der.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return {};
  }
  const unsigned char* end = der.data();
  const OwnedX509 certificate(d2i_X509(nullptr, &end, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!certificate) {
    return {};
  }
  return summarize_certificate(certificate.get(), der.first(static_cast<std::size_t>(end - der.data())));
}

// What was asked for last. To decode a certificate takes the crypto library longer than all else that a log's record
// needs, under locks that all threads share; and logs hold the same few certificates over and over: those of platforms
// and their vendors, in each log of a fleet.
class Summaries {
 public:
  std::optional<CertificateSummary> of(ByteView der) {
    const auto known = std::ranges::find_if(
        entries_, [der](const Entry& entry) { return std::ranges::equal(ByteView(entry.der), der); });
    if (known != entries_.end()) {
      return known->summary;
    }
    auto summary = decode_summary(der);
    if (der.size() <= kLargest) {
      keep({.der = Bytes(der.begin(), der.end()), .summary = summary});
    }
    return summary;
  }

 private:
  static constexpr std::size_t kEntries = 64;
  static constexpr std::size_t kLargest = 4096;  // bytes
  struct Entry {
    Bytes der;
    std::optional<CertificateSummary> summary;
  };

  void keep(Entry entry) {
    if (entries_.size() < kEntries) {
      entries_.push_back(std::move(entry));
    } else {
      entries_[oldest_] = std::move(entry);
      oldest_ = (oldest_ + 1) % kEntries;
    }
  }

  std::vector<Entry> entries_;
  std::size_t oldest_ = 0;
};

}  // namespace

std::optional<CertificateSummary> summarize_certificate(ByteView der) {
  thread_local Summaries summaries;
  return summaries.of(der);
}

}  // namespace mrtool
