// The progress bar.
#include "runtime/run/progress.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

namespace avp {

namespace {

constexpr int bar_width = 24;

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  std::array<char, 32> text{};
  if (whole >= 3600)
    std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  else
    std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60);
  return text.data();
}

// What does not fit a terminal's line would wrap, and only the last line of it could be taken away.
void cut_to_terminal(std::string& line) {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && line.size() >= size.ws_col)
    line.resize(size.ws_col - 1U);
}

} // namespace

progress_bar::progress_bar(bool visible, std::optional<std::size_t> total) : visible_(visible), total_(total) {}

void progress_bar::add(const task_result& result) {
  ++done_;
  failed_ += result.ok() ? 0 : 1;
  const auto counts = result.counts();
  tokens_ += counts.prompt_tokens + counts.latent_steps + counts.output_tokens;
}

void progress_bar::add_earlier(const task_result& result) {
  ++earlier_;
  failed_ += result.ok() ? 0 : 1;
}

std::string progress_bar::line(double seconds) const {
  std::string text;
  const auto all = earlier_ + done_;
  if (total_ && *total_ > 0) {
    const auto filled = static_cast<int>(bar_width * std::min(all, *total_) / *total_);
    text = "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "] " + std::to_string(all) + "/" +
           std::to_string(*total_) + " tasks";
  } else {
    text = std::to_string(all) + " tasks";
  }
  if (failed_ > 0)
    text += ", " + std::to_string(failed_) + " failed";
  std::array<char, 96> rates{};
  std::snprintf(rates.data(), rates.size(), "  %.2f tasks/s  %.0f tokens/s", static_cast<double>(done_) / seconds,
                static_cast<double>(tokens_) / seconds);
  text += rates.data();
  if (total_ && done_ > 0 && all < *total_)
    text += "  " + duration(seconds / static_cast<double>(done_) * static_cast<double>(*total_ - all)) + " left";
  return text;
}

void progress_bar::draw() {
  if (!visible_)
    return;
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started_;
  auto text = line(std::max(spent.count(), 1e-3));
  cut_to_terminal(text);
  std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void progress_bar::clear() {
  if (drawn_)
    std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

} // namespace avp
