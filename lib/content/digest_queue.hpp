// Messages whose digests are asked for later, so that all of them are hashed together.
#pragma once

#include <algorithm>
#include <vector>

#include "lib/crypto/hash.hpp"

namespace mrtool {

// Messages of many records, in the order in which they will be asked for, and their digests.
class DigestQueue {
 public:
  void add(HashAlgorithm algorithm, ByteView message) {
    auto bucket = std::ranges::find(buckets_, algorithm, &Bucket::algorithm);
    if (bucket == buckets_.end()) {
      bucket = buckets_.insert(bucket, {.algorithm = algorithm, .messages = {}, .digests = {}});
    }
    places_.push_back({.bucket = bucket - buckets_.begin(), .message = bucket->messages.size()});
    bucket->messages.push_back(message);
  }
  std::size_t size() const { return places_.size(); }
  void clear() {
    for (Bucket& bucket : buckets_) {
      bucket.messages.clear();
    }
    places_.clear();
  }
  void hash(HashEngine& engine) {
    for (Bucket& bucket : buckets_) {
      bucket.digests.resize(bucket.messages.size() * find_algorithm(bucket.algorithm)->size);
      engine.hash_many(bucket.algorithm, bucket.messages, bucket.digests);
    }
  }
  ByteView digest(std::size_t index) const {
    const Place& place = places_[index];
    const Bucket& bucket = buckets_[static_cast<std::size_t>(place.bucket)];
    const std::size_t size = find_algorithm(bucket.algorithm)->size;
    return ByteView(bucket.digests).subspan(place.message * size, size);
  }

 private:
  struct Bucket {
    HashAlgorithm algorithm = HashAlgorithm::none;
    std::vector<ByteView> messages;
    Bytes digests;
  };
  struct Place {
    std::ptrdiff_t bucket = 0;
    std::size_t message = 0;
  };
  std::vector<Bucket> buckets_;
  std::vector<Place> places_;
};

}  // namespace mrtool
