// Signal handling.
#include <algorithm>
#include <array>
#include <csignal>

#include <unistd.h>

#include <avp/runtime/os/interrupt.hpp>

namespace avp {

namespace {

volatile std::sig_atomic_t signals_seen = 0;

// A signal handler may read it at any moment: the length is set last, and once.
std::array<char, 4096> last_words{};
volatile std::sig_atomic_t last_words_length = 0;

void on_signal(int) {
  signals_seen = signals_seen + 1;
  if (signals_seen > 1) {
    constexpr char words[] = "\nstopped at once\n";
    [[maybe_unused]] const auto written =
        write(STDERR_FILENO, words, sizeof words - 1) + // printf is not for signal handlers
        write(STDERR_FILENO, last_words.data(), static_cast<std::size_t>(last_words_length));
    _exit(130);
  }
}

} // namespace

interrupt_guard::interrupt_guard() {
  signals_seen = 0;
  last_words_length = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

interrupt_guard::~interrupt_guard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void interrupt_guard::say_at_end(const std::string& text) {
  const auto line = text.substr(0, last_words.size() - 1) + "\n";
  std::copy(line.begin(), line.end(), last_words.begin());
  last_words_length = static_cast<int>(line.size());
}

bool interrupt_guard::interrupted() { return signals_seen > 0; }

} // namespace avp
