// The hash engine against the bare functions of the crypto library, for independent messages of the sizes that records
// have. Each pass hashes the same messages, as many as a piece of a log holds; items are messages.
#define OPENSSL_SUPPRESS_DEPRECATED  // the bare functions are what is compared with (hash.cpp)

#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <memory>
#include <string>

#include "lib/crypto/hash.hpp"
#include "lib/crypto/lanes.hpp"

using namespace mrtool;

namespace {

constexpr std::size_t kMessages = 1000;
constexpr std::array<std::size_t, 4> kSizes{48, 80, 128, 256};

struct Messages {
  explicit Messages(std::size_t size, const HashAlgorithmRow& row)
      : bytes(kMessages * size), digests(kMessages * row.size), digest_size(row.size) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::uint8_t>(i * i + i / 256);
    }
    for (std::size_t i = 0; i < kMessages; ++i) {
      views.push_back(ByteView(bytes).subspan(i * size, size));
    }
  }
  std::uint8_t* digest(std::size_t index) { return digests.data() + index * digest_size; }

  Bytes bytes;
  std::vector<ByteView> views;
  Bytes digests;
  std::size_t digest_size;
};

// Runs a benchmark whose digests must be those of the crypto library.
template <class Pass>
void measure(benchmark::State& state, Messages& messages, HashAlgorithm id, Pass pass) {
  for (auto _ : state) {
    pass();
    benchmark::DoNotOptimize(messages.digests.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kMessages));
  HashEngine engine;
  for (std::size_t i = 0; i < kMessages; ++i) {
    if (!equal(engine.hash(id, messages.views[i]).view(), {messages.digest(i), messages.digest_size})) {
      state.SkipWithError("a digest is wrong");
      return;
    }
  }
}

template <class Hash, int (*kInit)(Hash*), int (*kUpdate)(Hash*, const void*, std::size_t),
          int (*kFinal)(unsigned char*, Hash*)>
void bare_loop(Messages& messages) {
  for (std::size_t i = 0; i < kMessages; ++i) {
    Hash hash;  // NOLINT(cppcoreguidelines-pro-type-member-init): the next line does
    kInit(&hash);
    kUpdate(&hash, messages.views[i].data(), messages.views[i].size());
    kFinal(messages.digest(i), &hash);
  }
}

using BareLoop = void (*)(Messages&);
BareLoop bare_loop_of(HashAlgorithm id) {
  switch (id) {
    case HashAlgorithm::sha1:
      return bare_loop<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final>;
    case HashAlgorithm::sha224:
      return bare_loop<SHA256_CTX, SHA224_Init, SHA224_Update, SHA224_Final>;
    case HashAlgorithm::sha256:
      return bare_loop<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final>;
    case HashAlgorithm::sha384:
      return bare_loop<SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final>;
    case HashAlgorithm::sha512:
      return bare_loop<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final>;
    default:
      return nullptr;
  }
}

lanes::Hash lanes_of(const lanes::Functions& functions, HashAlgorithm id) {
  switch (id) {
    case HashAlgorithm::sha1:
      return functions.sha1;
    case HashAlgorithm::sha224:
      return functions.sha224;
    case HashAlgorithm::sha256:
      return functions.sha256;
    case HashAlgorithm::sha384:
      return functions.sha384;
    case HashAlgorithm::sha512:
      return functions.sha512;
    default:
      return nullptr;
  }
}

template <class Run>
void add(std::string_view name, const HashAlgorithmRow& row, std::size_t size, Run run) {
  const std::string full = std::string(row.name) + "/" + std::to_string(size) + "/" + std::string(name);
  benchmark::RegisterBenchmark(full.c_str(), [&row, size, run](benchmark::State& state) {
    Messages messages(size, row);
    measure(state, messages, row.id, [&] { run(messages, row.id); });
  });
}

void add_lanes(std::string_view name, const lanes::Functions& functions, const HashAlgorithmRow& row,
               std::size_t size) {
  if (const lanes::Hash hash = lanes_of(functions, row.id)) {
    add(name, row, size, [hash](Messages& messages, HashAlgorithm /*id*/) {
      std::array<lanes::Message, kMessages> batch;
      for (std::size_t i = 0; i < kMessages; ++i) {
        batch[i] = {messages.views[i].data(), messages.views[i].size(), messages.digest(i)};
      }
      hash(batch.data(), batch.size());
    });
  }
}

void add_all(const HashAlgorithmRow& row, std::size_t size) {
  if (const BareLoop loop = bare_loop_of(row.id)) {
    add("init-update-final", row, size, [loop](Messages& messages, HashAlgorithm /*id*/) { loop(messages); });
  }
  add("evp-digest", row, size, [&row](Messages& messages, HashAlgorithm /*id*/) {
    const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> md(EVP_MD_fetch(nullptr, row.openssl_name, nullptr), EVP_MD_free);
    for (std::size_t i = 0; i < kMessages; ++i) {
      const ByteView view = messages.views[i];
      EVP_Digest(view.data(), view.size(), messages.digest(i), nullptr, md.get(), nullptr);
    }
  });
  const auto engine = std::make_shared<HashEngine>();
  add("engine-one-by-one", row, size, [engine](Messages& messages, HashAlgorithm id) {
    for (std::size_t i = 0; i < kMessages; ++i) {
      const Digest digest = engine->hash(id, messages.views[i]);
      std::ranges::copy(digest.view(), messages.digest(i));
    }
  });
  add("engine-many", row, size,
      [engine](Messages& messages, HashAlgorithm id) { engine->hash_many(id, messages.views, messages.digests); });
#ifdef __x86_64__
  if (CpuFeatures::of_this_machine().sha) {
    add_lanes("lanes-sha", lanes::kSha, row, size);
  }
  if (CpuFeatures::of_this_machine().avx2) {
    add_lanes("lanes-avx2", lanes::kAvx2, row, size);
  }
  if (CpuFeatures::of_this_machine().avx512) {
    add_lanes("lanes-avx512", lanes::kAvx512, row, size);
  }
#endif
}

#ifdef __x86_64__
lanes::Extend extend_lanes_of(const lanes::Functions& functions, HashAlgorithm id) {
  switch (id) {
    case HashAlgorithm::sha1:
      return functions.extend_sha1;
    case HashAlgorithm::sha256:
      return functions.extend_sha256;
    case HashAlgorithm::sha384:
      return functions.extend_sha384;
    case HashAlgorithm::sha512:
      return functions.extend_sha512;
    default:
      return nullptr;
  }
}

// Items are extends of one register, beside which as many others as there are lanes are extended for nothing: what this
// takes over what one alone takes is how many there must be.
void add_extend_lanes(std::string_view name, const lanes::Functions& functions, const HashAlgorithmRow& row) {
  const lanes::Extend extend = extend_lanes_of(functions, row.id);
  if (extend == nullptr) {
    return;
  }
  const std::string full = std::string(row.name) + "/extend/" + std::string(name);
  benchmark::RegisterBenchmark(full.c_str(), [&row, extend](benchmark::State& state) {
    constexpr std::size_t kLinks = 100;
    Digest value = Digest::filled(row.size, 0);
    const Digest event = Digest::filled(row.size, 1);
    const std::vector<const std::uint8_t*> digests(kLinks, event.view().data());
    const lanes::Chain chain{
        .value = value.mutable_view().data(), .digests = digests.data(), .count = kLinks, .values = nullptr};
    for (auto _ : state) {
      extend(&chain, 1);
    }
    benchmark::DoNotOptimize(value);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kLinks));
  });
}
#endif

// A chain is serial: one extend needs the value of the one before it.
void add_extends(const HashAlgorithmRow& row) {
  const std::string name = std::string(row.name) + "/extend/engine";
  benchmark::RegisterBenchmark(name.c_str(), [&row](benchmark::State& state) {
    HashEngine engine;
    Digest value = Digest::filled(row.size, 0);
    const Digest event = Digest::filled(row.size, 1);
    for (auto _ : state) {
      engine.extend(row.id, value, event.view());
    }
    benchmark::DoNotOptimize(value);
    state.SetItemsProcessed(state.iterations());
  });
#ifdef __x86_64__
  if (CpuFeatures::of_this_machine().sha) {
    add_extend_lanes("lanes-sha", lanes::kSha, row);
  }
  if (CpuFeatures::of_this_machine().avx2) {
    add_extend_lanes("lanes-avx2", lanes::kAvx2, row);
  }
  if (CpuFeatures::of_this_machine().avx512) {
    add_extend_lanes("lanes-avx512", lanes::kAvx512, row);
  }
#endif
}

}  // namespace

int main(int count, char** arguments) {
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    for (const std::size_t size : kSizes) {
      add_all(row, size);
    }
    add_extends(row);
  }
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) {
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
