// Wakes the thread of an endpoint from any other thread; used inside the room only.
#pragma once

namespace avp {

/// A file descriptor that becomes readable when somebody signals.
class wakeup {
public:
  wakeup();
  ~wakeup();
  wakeup(const wakeup&) = delete;
  wakeup& operator=(const wakeup&) = delete;

  /// Wakes whoever polls fd(). Never blocks; any thread.
  void signal() noexcept;

  /// Forgets the signals so far.
  void clear() noexcept;

  /// The descriptor to poll for reading.
  [[nodiscard]] int fd() const { return fd_; }

private:
  int fd_;
};

} // namespace avp
