// How far a download is: a bar on a terminal, lines elsewhere.
#include "runtime/run/fetch_display.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

constexpr auto redraw = std::chrono::milliseconds(100);

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::min(std::ceil(seconds), 359999.0));
  char text[32];
  if (whole >= 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  return text;
}

} // namespace

fetch_observer fetch_display::observer() {
  return {[this](const std::string& text) { note(text); },
          [this](std::uint64_t done, std::uint64_t total) { progress(done, total); }};
}

std::string fetch_display::line(std::uint64_t done, std::uint64_t total, std::uint64_t before, double seconds) {
  const auto share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3.0f%%", std::floor(share * 100));
  auto text = std::string(percent) + "  " + size_text(done) + " of " + size_text(total);
  const auto rate = seconds > 0 && done > before ? static_cast<double>(done - before) / seconds : 0;
  if (rate > 0)
    text += "  " + size_text(static_cast<std::uint64_t>(rate)) + "/s  " +
            duration_text(static_cast<double>(total - std::min(done, total)) / rate) + " left";
  return text;
}

void fetch_display::note(const std::string& text) {
  const bool again = drawn_;
  clear();
  std::fprintf(stderr, "%s\n", text.c_str());
  if (again)
    draw();
}

void fetch_display::progress(std::uint64_t done, std::uint64_t total) {
  const auto now = clock::now();
  const bool first = !begun_ || done < done_; // A source that starts over has a speed of its own.
  done_ = done;
  total_ = std::max<std::uint64_t>(total, 1);
  if (first) {
    begun_ = true;
    before_ = done;
    start_ = now;
  }
  const auto tenths = done * 10 / total_;
  if (terminal_ && (first || now - drawn_at_ >= redraw || done == total)) {
    draw();
  } else if (!terminal_ && !first && tenths > tenths_) {
    std::fprintf(stderr, "%s\n", text().c_str());
  }
  tenths_ = tenths;
}

std::string fetch_display::text() const {
  const std::chrono::duration<double> seconds = clock::now() - start_;
  return line(done_, total_, before_, seconds.count());
}

void fetch_display::draw() {
  constexpr std::uint64_t width = 30;
  const auto filled = std::min(done_ * width / total_, width);
  std::fprintf(stderr, "\r\x1b[K[%s%s] %s", std::string(filled, '#').c_str(), std::string(width - filled, '.').c_str(),
               text().c_str());
  std::fflush(stderr);
  drawn_ = true;
  drawn_at_ = clock::now();
}

void fetch_display::clear() {
  if (drawn_)
    std::fprintf(stderr, "\r\x1b[K");
  drawn_ = false;
}

} // namespace avp
