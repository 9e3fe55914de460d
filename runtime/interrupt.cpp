// Signal handling.
#include <csignal>

#include <unistd.h>

#include <avp/runtime/interrupt.hpp>

namespace avp {

namespace {

volatile std::sig_atomic_t signals_seen = 0;

void on_signal(int) {
  signals_seen = signals_seen + 1;
  if (signals_seen > 1) {
    constexpr char words[] = "\nstopped at once\n";
    [[maybe_unused]] const auto written =
        write(STDERR_FILENO, words, sizeof words - 1); // printf is not for signal handlers
    _exit(130);
  }
}

} // namespace

interrupt_guard::interrupt_guard() {
  signals_seen = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

interrupt_guard::~interrupt_guard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interrupt_guard::interrupted() const { return signals_seen > 0; }

} // namespace avp
