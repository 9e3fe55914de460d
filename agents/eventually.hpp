// The coroutine type of agents: a value that comes later.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace avp {

/// A coroutine that gives a T when it is done, without ever blocking a thread. It starts when it is awaited, or by
/// start(); it must be awaited or started at most once. Destroying it abandons it. Everything runs on the thread of the
/// agent's actor.
template <class T>
class eventually {
public:
  struct promise_type {
    eventually get_return_object() { return eventually(handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }

    auto final_suspend() noexcept {
      struct give_back {
        bool await_ready() noexcept { return false; }
        void await_suspend(handle self) noexcept {
          auto done = std::move(self.promise().done); // calling it may destroy this frame
          done();
        }
        void await_resume() noexcept {}
      };
      return give_back{};
    }

    void return_value(T result) { value = std::move(result); }
    void unhandled_exception() { error = std::current_exception(); }

    std::function<void()> done;
    std::optional<T> value;
    std::exception_ptr error;
  };

  using handle = std::coroutine_handle<promise_type>;

  eventually(eventually&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  eventually& operator=(eventually&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~eventually() {
    if (handle_)
      handle_.destroy();
  }

  /// Runs until the first wait; `done` is called when all is done, perhaps before start() returns.
  void start(std::function<void()> done) {
    handle_.promise().done = std::move(done);
    handle_.resume();
  }

  /// The value, or the exception that ended the coroutine; to be taken once, after it is done.
  [[nodiscard]] T take() {
    auto& promise = handle_.promise();
    if (promise.error)
      std::rethrow_exception(promise.error);
    return std::move(*promise.value);
  }

  /// Awaiting gives the value or throws what the awaited coroutine threw.
  auto operator co_await() & = delete;
  auto operator co_await() && {
    struct awaiter {
      eventually& awaited;
      bool await_ready() { return false; }
      void await_suspend(std::coroutine_handle<> waiting) {
        awaited.start([waiting] { waiting.resume(); });
      }
      T await_resume() { return awaited.take(); }
    };
    return awaiter{*this};
  }

private:
  explicit eventually(handle h) : handle_(h) {}

  handle handle_;
};

} // namespace avp
