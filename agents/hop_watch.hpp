// What an agent's actor lets others see while it works, also where it never comes back.
#pragma once

#include <atomic>
#include <chrono>

namespace avp {

/// A moment that one thread sets and others read; none at first.
class watched_moment {
public:
  using clock = std::chrono::steady_clock;

  void set() { ticks_ = clock::now().time_since_epoch().count(); }
  void clear() { ticks_ = 0; }

  /// How long ago it was; nothing without one.
  [[nodiscard]] clock::duration age() const {
    const auto ticks = ticks_.load();
    return ticks == 0 ? clock::duration::zero() : clock::now().time_since_epoch() - clock::duration(ticks);
  }

private:
  std::atomic<clock::rep> ticks_ = 0;
};

/// One hop: what it waits for.
struct hop_watch {
  std::atomic<int> open = 0; ///< Requests that its device has.
  watched_moment went_on;    ///< When it began, or the last of them was answered.
};

/// One agent: since when its code has had the thread; no moment while it waits.
struct agent_watch {
  watched_moment entered;
};

} // namespace avp
