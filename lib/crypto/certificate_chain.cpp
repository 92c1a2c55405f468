#include "lib/crypto/certificate_chain.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <limits>

#include "lib/crypto/certificate_native.hpp"
#include "lib/crypto/hash.hpp"

namespace mrtool {

namespace {

constexpr int kLongestPath = 10;   // certificates between leaf and root
constexpr int kSecurityLevel = 2;  // 112 bits: no SHA-1 or MD5 signatures, no RSA keys below 2048 bits

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(char* text) const { OPENSSL_free(text); }
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
  void operator()(ASN1_OBJECT* object) const { ASN1_OBJECT_free(object); }
  void operator()(ASN1_TIME* time) const { ASN1_TIME_free(time); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  // The stacks borrow what they hold.
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
  void operator()(STACK_OF(X509_CRL) * stack) const { sk_X509_CRL_free(stack); }
};

template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::size_t kMaximumSize = static_cast<std::size_t>(std::numeric_limits<int>::max());

Certificate make_certificate(OwnedX509 x509, ByteView der) {
  CertificateSummary summary = summarize_certificate(x509.get(), der);
  return Certificate(std::make_shared<const Certificate::Native>(
      Certificate::Native{.x509 = std::move(x509), .der = to_bytes(der), .summary = std::move(summary)}));
}

bool is_der(ByteView bytes) {
  constexpr std::uint8_t kSequence = 0x30;
  return !bytes.empty() && bytes.front() == kSequence;
}

// Hands over the content of every PEM block, which must all have that label.
template <class Take>
Status for_each_pem_block(ByteView pem, std::string_view label, const Take& take) {
  if (pem.empty()) {
    return {};
  }
  if (pem.size() > kMaximumSize) {
    return fail(ErrorKind::malformed, "too large for PEM");
  }
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) {
    throw std::bad_alloc();
  }
  while (true) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    const bool found = PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1;
    const Owned<char> owned_name(name);
    const Owned<char> owned_header(header);
    const Owned<unsigned char> owned_data(data);
    if (!found) {
      const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      return end ? Status{} : fail(ErrorKind::malformed, "a PEM block is damaged");
    }
    if (name != label || *header != '\0') {
      return fail(ErrorKind::malformed, fmt::format("PEM of {} expected, {} found", label, name));
    }
    if (Status taken = take(ByteView(data, static_cast<std::size_t>(size))); !taken) {
      return taken;
    }
  }
}

Result<OwnedCrl> crl_from_der(ByteView der) {
  const unsigned char* end = der.data();
  OwnedCrl crl(der.size() > kMaximumSize ? nullptr : d2i_X509_CRL(nullptr, &end, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!crl || end != der.data() + der.size()) {
    return fail(ErrorKind::malformed, "not a certificate revocation list (X.509, DER or PEM)");
  }
  return crl;
}

Status add_crls(ByteView bytes, std::vector<OwnedCrl>& crls) {
  const auto take = [&crls](ByteView der) -> Status {
    MRTOOL_TRY(crl, crl_from_der(der));
    crls.push_back(std::move(crl));
    return {};
  };
  if (is_der(bytes)) {
    return take(bytes);
  }
  const std::size_t before = crls.size();
  if (Status read = for_each_pem_block(bytes, PEM_STRING_X509_CRL, take); !read) {
    return read;
  }
  return crls.size() > before ? Status{}
                              : fail(ErrorKind::malformed, "not a certificate revocation list (X.509, DER or PEM)");
}

// What the library tells about a certificate of the path, as the rest of a sentence that starts with its name.
struct Reason {
  int code;
  std::string_view text;
};

constexpr std::array kReasons{
    Reason{X509_V_ERR_CERT_SIGNATURE_FAILURE, "has a signature that its issuer's key did not make"},
    Reason{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "is self-signed and not one of the trusted roots"},
    Reason{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "is self-signed and not one of the trusted roots"},
    Reason{X509_V_ERR_INVALID_CA, "is not a CA's, yet another certificate is issued in its name"},
    Reason{X509_V_ERR_INVALID_NON_CA, "is a CA's where it must not be"},
    Reason{X509_V_ERR_PATH_LENGTH_EXCEEDED, "allows fewer certificates below it than there are"},
    Reason{X509_V_ERR_CERT_CHAIN_TOO_LONG, "is too far from its root"},
    Reason{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "has a critical extension that is not known here"},
    Reason{X509_V_ERR_CERT_REVOKED, "is revoked"},
    Reason{X509_V_ERR_CRL_SIGNATURE_FAILURE, "has a revocation list that its issuer's key did not sign"},
    Reason{X509_V_ERR_CRL_NOT_YET_VALID, "has a revocation list that is not valid yet"},
    Reason{X509_V_ERR_CRL_HAS_EXPIRED, "has a revocation list that is out of date"},
    Reason{X509_V_ERR_DIFFERENT_CRL_SCOPE, "is outside of the scope of its issuer's revocation list"},
    Reason{X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "has a revocation list whose issuer is not known"},
    Reason{X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "has an issuer that may not sign revocation lists"},
    Reason{X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
           "has a revocation list with a critical extension that is not known here"},
    Reason{X509_V_ERR_EE_KEY_TOO_SMALL, "has a key that is too weak"},
    Reason{X509_V_ERR_CA_KEY_TOO_SMALL, "has a key that is too weak"},
    Reason{X509_V_ERR_CA_MD_TOO_WEAK, "has a signature with a hash that is too weak"},
};

std::string time_text(std::int64_t seconds) {
  const Owned<ASN1_TIME> time(ASN1_TIME_set(nullptr, static_cast<std::time_t>(seconds)));
  return time ? mrtool::time_text(time.get()) : fmt::format("{} s after 1970", seconds);
}

std::string reason_text(int code, const X509* certificate, std::int64_t time) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("expired at {}, and what counts is {}", mrtool::time_text(X509_get0_notAfter(certificate)),
                         time_text(time));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("is not valid before {}, and what counts is {}",
                         mrtool::time_text(X509_get0_notBefore(certificate)), time_text(time));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("has an issuer that is not among the certificates at hand and may issue it: {}",
                         name_text(X509_get_issuer_name(certificate)));
    default:
      break;
  }
  for (const Reason& reason : kReasons) {
    if (reason.code == code) {
      return std::string(reason.text);
    }
  }
  return fmt::format("is refused: {}", X509_verify_cert_error_string(code));
}

std::unexpected<Error> refuse(const X509* certificate, int code, std::int64_t time) {
  if (certificate == nullptr) {
    return fail(ErrorKind::check_failed,
                fmt::format("the certificate chain is refused: {}", X509_verify_cert_error_string(code)));
  }
  return fail(ErrorKind::check_failed, fmt::format("certificate {} {}", name_text(X509_get_subject_name(certificate)),
                                                   reason_text(code, certificate, time)));
}

// A CRL that is missing does not end the check; it is noted.
int note_missing_crl(int ok, X509_STORE_CTX* context) {
  if (ok == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_UNABLE_TO_GET_CRL) {
    return ok;
  }
  static_cast<std::vector<const X509*>*>(X509_STORE_CTX_get_app_data(context))
      ->push_back(X509_STORE_CTX_get_current_cert(context));
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

Owned<X509_STORE> store_of(std::span<const Certificate> roots) {
  Owned<X509_STORE> store(X509_STORE_new());
  if (!store) {
    throw std::bad_alloc();
  }
  for (const Certificate& root : roots) {
    X509_STORE_add_cert(store.get(), root.native().x509.get());
  }
  return store;
}

Owned<STACK_OF(X509)> stack_of(std::span<const Certificate> certificates) {
  Owned<STACK_OF(X509)> stack(sk_X509_new_null());
  for (const Certificate& certificate : certificates) {
    sk_X509_push(stack.get(), certificate.native().x509.get());
  }
  return stack;
}

Owned<STACK_OF(X509_CRL)> stack_of(std::span<const OwnedCrl> crls) {
  Owned<STACK_OF(X509_CRL)> stack(sk_X509_CRL_new_null());
  for (const OwnedCrl& crl : crls) {
    sk_X509_CRL_push(stack.get(), crl.get());
  }
  return stack;
}

// The library takes certificates as CAs that only a usage bit or their version makes one, below a root too.
const X509* first_not_ca(const STACK_OF(X509) * path) {
  for (int i = 1; i + 1 < sk_X509_num(path); ++i) {
    if (X509_check_ca(sk_X509_value(path, i)) != 1) {
      return sk_X509_value(path, i);
    }
  }
  return nullptr;
}

Certificate share(X509* certificate) {
  X509_up_ref(certificate);
  OwnedX509 owned(certificate);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  const Owned<unsigned char> bytes(der);
  return make_certificate(std::move(owned), {der, static_cast<std::size_t>(std::max(size, 0))});
}

ChainResult result_of(const STACK_OF(X509) * path, std::span<const X509* const> without_crl) {
  ChainResult result;
  for (int i = 0; i < sk_X509_num(path); ++i) {
    result.path.push_back(share(sk_X509_value(path, i)));
  }
  const X509* root = sk_X509_value(path, sk_X509_num(path) - 1);
  for (const X509* certificate : without_crl) {
    if (certificate != root) {
      result.without_crl.push_back(name_text(X509_get_subject_name(certificate)));
    }
  }
  return result;
}

void set_rules(X509_STORE_CTX* context, std::int64_t time, bool with_crls) {
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(rules, static_cast<std::time_t>(time));
  X509_VERIFY_PARAM_set_depth(rules, kLongestPath);
  X509_VERIFY_PARAM_set_auth_level(rules, kSecurityLevel);
  if (with_crls) {
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  }
}

}  // namespace

Certificate::Certificate(std::shared_ptr<const Native> native) : native_(std::move(native)) {}

Result<Certificate> Certificate::from_der(ByteView der) {
  const unsigned char* end = der.data();
  OwnedX509 x509(der.size() > kMaximumSize ? nullptr : d2i_X509(nullptr, &end, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!x509) {
    return fail(ErrorKind::malformed, "not a certificate (X.509, DER)");
  }
  const auto size = static_cast<std::size_t>(end - der.data());
  if (size != der.size()) {
    return fail(ErrorKind::malformed, fmt::format("{} bytes follow the certificate", der.size() - size));
  }
  return make_certificate(std::move(x509), der);
}

Result<std::vector<Certificate>> Certificate::parse(ByteView pem_or_der) {
  std::vector<Certificate> certificates;
  const auto take = [&certificates](ByteView der) -> Status {
    MRTOOL_TRY(certificate, from_der(der));
    certificates.push_back(std::move(certificate));
    return {};
  };
  if (Status read = is_der(pem_or_der) ? take(pem_or_der) : for_each_pem_block(pem_or_der, PEM_STRING_X509, take);
      !read) {
    return std::unexpected(std::move(read).error());
  }
  if (certificates.empty()) {
    return fail(ErrorKind::malformed, "no certificate (X.509, PEM or DER) found");
  }
  return certificates;
}

const CertificateSummary& Certificate::summary() const {
  return native_->summary;
}

ByteView Certificate::der() const {
  return native_->der;
}

std::string Certificate::pem() const {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!bio || PEM_write_bio_X509(bio.get(), native_->x509.get()) != 1) {
    throw std::bad_alloc();
  }
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Digest Certificate::sha256() const {
  return HashEngine().hash(HashAlgorithm::sha256, native_->der);
}

Result<PublicKey> Certificate::key() const {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(native_->x509.get()), &der);
  const Owned<unsigned char> owned(der);
  ERR_clear_error();
  return PublicKey::parse({der, static_cast<std::size_t>(std::max(size, 0))});
}

std::optional<ByteView> Certificate::extension(std::string_view oid) const {
  const Owned<ASN1_OBJECT> object(OBJ_txt2obj(std::string(oid).c_str(), 1));
  const X509* x509 = native_->x509.get();
  const int index = object ? X509_get_ext_by_OBJ(x509, object.get(), -1) : -1;
  ERR_clear_error();
  if (index < 0) {
    return {};
  }
  const ASN1_OCTET_STRING* content = X509_EXTENSION_get_data(X509_get_ext(x509, index));
  return ByteView{ASN1_STRING_get0_data(content), static_cast<std::size_t>(ASN1_STRING_length(content))};
}

bool Certificate::self_signed() const {
  const bool is = X509_self_signed(native_->x509.get(), 1) == 1;
  ERR_clear_error();
  return is;
}

Result<ChainResult> verify_chain(const Certificate& leaf, const ChainRequest& request) {
  std::vector<OwnedCrl> crls;
  for (const Bytes& bytes : request.crls) {
    if (Status added = add_crls(bytes, crls); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  const Owned<X509_STORE> store = store_of(request.roots);
  const Owned<STACK_OF(X509)> untrusted = stack_of(request.intermediates);
  const Owned<STACK_OF(X509_CRL)> lists = stack_of(crls);
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store.get(), leaf.native().x509.get(), untrusted.get()) != 1) {
    throw std::bad_alloc();
  }
  X509_STORE_CTX_set0_crls(context.get(), lists.get());
  set_rules(context.get(), request.time, !crls.empty());
  std::vector<const X509*> without_crl;
  X509_STORE_CTX_set_app_data(context.get(), &without_crl);
  X509_STORE_CTX_set_verify_cb(context.get(), note_missing_crl);

  const bool valid = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (!valid) {
    return refuse(X509_STORE_CTX_get_current_cert(context.get()), X509_STORE_CTX_get_error(context.get()),
                  request.time);
  }
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  if (const X509* certificate = first_not_ca(path)) {
    return refuse(certificate, X509_V_ERR_INVALID_CA, request.time);
  }
  return result_of(path, without_crl);
}

}  // namespace mrtool
