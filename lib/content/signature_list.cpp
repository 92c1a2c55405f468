#include "lib/content/signature_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/guid.hpp"
#include "lib/base/limits.hpp"
#include "lib/crypto/certificate.hpp"

namespace mrtool {

namespace {

constexpr std::uint64_t kListHeaderSize = 28;
constexpr std::uint64_t kTimeSize = 16;  // EFI_TIME

enum class SignatureKind : std::uint8_t { hash, key, certificate, certificate_hash, other };

struct SignatureType {
  Guid guid;
  std::string_view name;  // EFI_CERT_<name>_GUID
  SignatureKind kind;
};

constexpr std::array kSignatureTypes{
    SignatureType{make_guid(0xc1c41626, 0x504c, 0x4092, {0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28}), "SHA256",
                  SignatureKind::hash},
    SignatureType{make_guid(0x826ca512, 0xcf10, 0x4ac9, {0xb1, 0x87, 0xbe, 0x01, 0x49, 0x66, 0x31, 0xbd}), "SHA1",
                  SignatureKind::hash},
    SignatureType{make_guid(0x0b6e5233, 0xa65c, 0x44c9, {0x94, 0x07, 0xd9, 0xab, 0x83, 0xbf, 0xc8, 0xbd}), "SHA224",
                  SignatureKind::hash},
    SignatureType{make_guid(0xff3e5307, 0x9fd0, 0x48c9, {0x85, 0xf1, 0x8a, 0xd5, 0x6c, 0x70, 0x1e, 0x01}), "SHA384",
                  SignatureKind::hash},
    SignatureType{make_guid(0x093e0fae, 0xa6c4, 0x4f50, {0x9f, 0x1b, 0xd4, 0x1e, 0x2b, 0x89, 0xc1, 0x9a}), "SHA512",
                  SignatureKind::hash},
    SignatureType{make_guid(0x57347f87, 0x7a9b, 0x403a, {0xb9, 0x3c, 0xdc, 0x4a, 0xfb, 0x7a, 0x0e, 0xbc}), "SM3",
                  SignatureKind::hash},
    SignatureType{make_guid(0x3c5766e8, 0x269c, 0x4e34, {0xaa, 0x14, 0xed, 0x77, 0x6e, 0x85, 0xb3, 0xb6}), "RSA2048",
                  SignatureKind::key},
    SignatureType{make_guid(0xe2b36190, 0x879b, 0x4a3d, {0xad, 0x8d, 0xf2, 0xe7, 0xbb, 0xa3, 0x27, 0x84}),
                  "RSA2048_SHA256", SignatureKind::other},
    SignatureType{make_guid(0x67f8444f, 0x8743, 0x48f1, {0xa3, 0x28, 0x1e, 0xaa, 0xb8, 0x73, 0x60, 0x80}),
                  "RSA2048_SHA1", SignatureKind::other},
    SignatureType{make_guid(0xa5c059a1, 0x94e4, 0x4aa7, {0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}), "X509",
                  SignatureKind::certificate},
    SignatureType{make_guid(0x3bd2a492, 0x96c0, 0x4079, {0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03, 0xed}),
                  "X509_SHA256", SignatureKind::certificate_hash},
    SignatureType{make_guid(0x7076876e, 0x80c2, 0x4ee6, {0xaa, 0xd2, 0x28, 0xb3, 0x49, 0xa6, 0x86, 0x5b}),
                  "X509_SHA384", SignatureKind::certificate_hash},
    SignatureType{make_guid(0x446dbf63, 0x2502, 0x4cda, {0xbc, 0xfa, 0x24, 0x65, 0xd2, 0xb0, 0xfe, 0x9d}),
                  "X509_SHA512", SignatureKind::certificate_hash},
    SignatureType{make_guid(0x60d807e5, 0x10b4, 0x49a9, {0x93, 0x31, 0xe4, 0x04, 0x37, 0x88, 0x8d, 0x37}), "X509_SM3",
                  SignatureKind::certificate_hash},
    SignatureType{make_guid(0x4aafd29d, 0x68df, 0x49ee, {0x8a, 0xa9, 0x34, 0x7d, 0x37, 0x56, 0x65, 0xa7}), "PKCS7",
                  SignatureKind::other},
};

struct OwnerName {
  Guid guid;
  std::string_view name;
};

constexpr std::array kOwnerNames{
    OwnerName{make_guid(0x77fa9abd, 0x0359, 0x4d32, {0xbd, 0x60, 0x28, 0xf4, 0xe7, 0x8f, 0x78, 0x4b}), "Microsoft"},
    OwnerName{make_guid(0xd281fad2, 0x8d88, 0x47a4, {0x97, 0x92, 0x5b, 0xaa, 0x47, 0xbb, 0x1b, 0x89}), "Google"},
    OwnerName{make_guid(0x605dab50, 0xe046, 0x4300, {0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23}), "shim"},
};

const SignatureType* find_type(const Guid& guid) {
  const auto* const row =
      std::ranges::find_if(kSignatureTypes, [&](const SignatureType& type) { return type.guid == guid; });
  return row == kSignatureTypes.end() ? nullptr : row;
}

// A DER SEQUENCE whose length, in the long form, fits.
bool looks_like_der(ByteView data) {
  constexpr std::uint8_t kSequence = 0x30;
  constexpr std::uint8_t kLongForm = 0x80;
  constexpr std::uint8_t kMaxLengthBytes = 4;
  ByteReader reader(data);
  const std::uint8_t tag = reader.u8();
  const std::uint8_t form = reader.u8();
  if (tag != kSequence || form <= kLongForm || form > kLongForm + kMaxLengthBytes) {
    return false;
  }
  std::uint64_t length = 0;
  for (unsigned left = form - kLongForm; left > 0; --left) {
    length = length << 8U | reader.u8();
  }
  return reader.ok() && length <= reader.left();
}

// EFI_TIME: year, month, day, hour, minute, second, and nine bytes that revocation times leave zero.
std::string time_text(ByteView data) {
  ByteReader reader(data);
  const unsigned year = reader.u16();
  const unsigned month = reader.u8();
  const unsigned day = reader.u8();
  const unsigned hour = reader.u8();
  const unsigned minute = reader.u8();
  const unsigned second = reader.u8();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", year, month, day, hour, minute, second);
}

Value certificate_value(const CertificateSummary& summary) {
  return Value::Object{{"subject", summary.subject},     {"issuer", summary.issuer},
                       {"serial", summary.serial},       {"not_before", summary.not_before},
                       {"not_after", summary.not_after}, {"sha256", summary.sha256}};
}

void add_owner(Value::Object& entry, ByteReader& reader) {
  const Guid owner = read_guid(reader);
  entry.push_back({"signature_owner", to_string(owner)});
  for (const OwnerName& row : kOwnerNames) {
    if (row.guid == owner) {
      entry.push_back({"owner_name", row.name});
    }
  }
}

// What the signature is and, behind that for they may be many, its bytes. Returns a certificate's name, if it is one.
std::string add_data(Value::Object& entry, SignatureKind kind, ByteView data) {
  std::string name;
  if (kind == SignatureKind::hash) {
    entry.push_back({"hash", to_hex(data)});
  } else if (kind == SignatureKind::certificate_hash && data.size() > kTimeSize) {
    entry.push_back({"hash", to_hex(data.first(data.size() - kTimeSize))});
    entry.push_back({"revocation_time", time_text(data.last(kTimeSize))});
  } else if (kind == SignatureKind::certificate) {
    if (const auto summary = summarize_certificate(data)) {
      entry.push_back({"certificate", certificate_value(*summary)});
      name = summary->common_name.empty() ? summary->subject : summary->common_name;
    }
  }
  entry.push_back({"signature_data", to_bytes(data)});
  return name;
}

// How many of what were listed, over all the lists of a variable.
class Tally {
 public:
  void add(SignatureKind kind, std::uint64_t count) { counts_[static_cast<std::size_t>(kind)] += count; }

  std::string text() const {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, kKinds> kNouns{{
        {"hash", "hashes"},
        {"key", "keys"},
        {"certificate", "certificates"},
        {"certificate hash", "certificate hashes"},
        {"other signature", "other signatures"},
    }};
    constexpr std::array kOrder{SignatureKind::certificate, SignatureKind::hash, SignatureKind::certificate_hash,
                                SignatureKind::key, SignatureKind::other};
    std::string text;
    for (const SignatureKind kind : kOrder) {
      const std::uint64_t count = counts_[static_cast<std::size_t>(kind)];
      if (count > 0) {
        const auto& [one, many] = kNouns[static_cast<std::size_t>(kind)];
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, count == 1 ? one : many);
      }
    }
    return text.empty() ? "empty" : text;
  }

 private:
  static constexpr std::size_t kKinds = 5;
  std::array<std::uint64_t, kKinds> counts_{};
};

struct ListHeader {
  Guid type;
  std::uint32_t list_size = 0;
  std::uint32_t header_size = 0;
  std::uint32_t signature_size = 0;
};

ListHeader read_header(ByteReader& reader) {
  ListHeader header;
  header.type = read_guid(reader);
  header.list_size = reader.u32();
  header.header_size = reader.u32();
  header.signature_size = reader.u32();
  return header;
}

Value::Object header_value(const ListHeader& header) {
  Value::Object list{{"signature_type", to_string(header.type)}};
  if (const SignatureType* type = find_type(header.type)) {
    list.push_back({"type_name", type->name});
  }
  list.push_back({"signature_list_size", Value::number(header.list_size)});
  list.push_back({"signature_header_size", Value::number(header.header_size)});
  list.push_back({"signature_size", Value::number(header.signature_size)});
  return list;
}

// Why the sizes contradict each other or the bytes that are there; empty when they do not.
std::string size_problem(const ListHeader& header, std::uint64_t left) {
  const std::uint64_t head = kListHeaderSize + header.header_size;
  if (header.list_size < head) {
    return fmt::format("a signature list of {} bytes cannot hold its header of {}", header.list_size, head);
  }
  if (header.list_size - kListHeaderSize > left) {
    return fmt::format("a signature list of {} bytes, {} are there", header.list_size, left + kListHeaderSize);
  }
  if (header.signature_size <= kGuidSize) {
    return fmt::format("signatures of {} bytes, which hold nothing", header.signature_size);
  }
  if ((header.list_size - head) % header.signature_size != 0) {
    return fmt::format("{} bytes of signatures are not a multiple of {}", header.list_size - head,
                       header.signature_size);
  }
  return {};
}

class ListsDecoder {
 public:
  explicit ListsDecoder(ByteView data) : reader_(data), size_(data.size()) {}

  Decoded run() {
    while (reader_.left() > 0 && problem_.empty()) {
      if (reader_.left() < kListHeaderSize) {
        problem_ = fmt::format("{} bytes follow the signature lists", reader_.left());
        break;
      }
      if (lists_.size() == limits::kListedItems) {
        problem_ = fmt::format("only the first {} signature lists are listed", limits::kListedItems);
        break;
      }
      read_list();
    }
    Decoded decoded{.kind = "signature-lists", .summary = tally_.text(), .fields = {}, .problem = std::move(problem_)};
    decoded.fields.push_back({"signature_lists", std::move(lists_), {0, size_}});
    return decoded;
  }

 private:
  void read_list() {
    const ListHeader header = read_header(reader_);
    Value::Object list = header_value(header);
    problem_ = size_problem(header, reader_.left());
    if (problem_.empty()) {
      ByteReader body = reader_.sub(header.list_size - kListHeaderSize);
      body.skip(header.header_size);
      list.push_back({"keys", read_keys(body, header)});
    } else {
      list.push_back({"undecoded", to_bytes(reader_.rest())});
    }
    lists_.emplace_back(std::move(list));
  }

  Value::List read_keys(ByteReader& body, const ListHeader& header) {
    const SignatureType* type = find_type(header.type);
    const SignatureKind kind = type == nullptr ? SignatureKind::other : type->kind;
    tally_.add(kind, body.left() / header.signature_size);
    Value::List keys;
    while (body.left() > 0) {
      if (listed_ == limits::kListedItems) {
        problem_ = fmt::format("only the first {} signatures are listed", limits::kListedItems);
        break;
      }
      ++listed_;
      ByteReader entry = body.sub(header.signature_size);
      Value::Object key;
      add_owner(key, entry);
      add_data(key, kind, entry.rest());
      keys.emplace_back(std::move(key));
    }
    return keys;
  }

  ByteReader reader_;
  std::uint64_t size_;
  Value::List lists_;
  Tally tally_;
  std::uint64_t listed_ = 0;
  std::string problem_;
};

bool is_hash_size(std::uint64_t size) {
  constexpr std::array<std::uint64_t, 5> kSizes{20, 28, 32, 48, 64};
  return std::ranges::find(kSizes, size) != kSizes.end();
}

}  // namespace

Decoded decode_signature_lists(ByteView data) {
  return ListsDecoder(data).run();
}

Decoded decode_single_signature(ByteView data) {
  Decoded decoded{.kind = "signature", .summary = {}, .fields = {}, .problem = {}};
  const bool bare = looks_like_der(data);
  const bool owned = !bare && data.size() > kGuidSize;
  const ByteView signature = owned ? data.subspan(kGuidSize) : data;
  const bool certificate = looks_like_der(signature);
  if (!certificate && !(owned && is_hash_size(signature.size()))) {
    return decoded;
  }
  Value::Object value;
  if (owned) {
    ByteReader reader(data);
    add_owner(value, reader);
  }
  const std::string name = add_data(value, certificate ? SignatureKind::certificate : SignatureKind::hash, signature);
  if (!certificate) {
    decoded.summary = "hash " + to_hex(signature);
  } else {
    decoded.summary = name.empty() ? "certificate" : "certificate " + name;
  }
  decoded.fields.push_back({"signature", std::move(value), {0, data.size()}});
  return decoded;
}

}  // namespace mrtool
