// Values that are gone after their time to live.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace avp {

/// A thread-safe map from a key to a value that expires. An expired value is never returned; whoever asks first for
/// anything after that frees it, and the listener hears of it.
template <class T>
class expiring_store {
public:
  using clock = std::function<std::chrono::steady_clock::time_point()>;
  using listener = std::function<void(const std::string& key)>;

  /// Makes a store whose values live for `time_to_live` unless said otherwise. `on_expired` hears the key of each value
  /// that expired; it must not call the store.
  explicit expiring_store(std::chrono::milliseconds time_to_live, listener on_expired = {},
                          clock now = std::chrono::steady_clock::now)
      : time_to_live_(time_to_live),
        on_expired_(std::move(on_expired)),
        now_(std::move(now)) {}

  /// Stores a value, replacing one under the same key.
  void put(const std::string& key, T value, std::optional<std::chrono::milliseconds> time_to_live = std::nullopt) {
    const std::lock_guard lock(mutex_);
    remove_expired();
    values_.insert_or_assign(key, entry{std::move(value), now_() + time_to_live.value_or(time_to_live_)});
  }

  /// Returns a copy of the value, or nothing when there is none or its time is over.
  [[nodiscard]] std::optional<T> get(const std::string& key) {
    const std::lock_guard lock(mutex_);
    remove_expired();
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional<T>(found->second.value);
  }

  /// Removes a value and returns whether it was there.
  bool erase(const std::string& key) {
    const std::lock_guard lock(mutex_);
    remove_expired();
    return values_.erase(key) > 0;
  }

  /// All values that are alive and satisfy `wanted`.
  template <class Predicate>
  [[nodiscard]] std::vector<T> find_all(Predicate wanted) {
    const std::lock_guard lock(mutex_);
    remove_expired();
    std::vector<T> found;
    for (const auto& [key, stored] : values_) {
      if (wanted(stored.value))
        found.push_back(stored.value);
    }
    return found;
  }

  /// Number of values that are alive.
  [[nodiscard]] std::size_t size() {
    const std::lock_guard lock(mutex_);
    remove_expired();
    return values_.size();
  }

private:
  struct entry {
    T value;
    std::chrono::steady_clock::time_point end;
  };

  void remove_expired() {
    const auto now = now_();
    std::erase_if(values_, [&](const auto& item) {
      if (item.second.end >= now)
        return false;
      if (on_expired_)
        on_expired_(item.first);
      return true;
    });
  }

  std::mutex mutex_;
  std::map<std::string, entry> values_;
  std::chrono::milliseconds time_to_live_;
  listener on_expired_;
  clock now_;
};

} // namespace avp
