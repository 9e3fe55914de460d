// How far a download is: a bar on a terminal, lines elsewhere.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <avp/runtime/fetch_display.hpp>

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

std::string size_text(std::uint64_t bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 999.95 && unit + 1 < std::size(units)) {
    size /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
  return text;
}

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
  clear();
  begun_ = false; // The next source has a speed of its own.
  std::fprintf(stderr, "%s\n", text.c_str());
}

void fetch_display::progress(std::uint64_t done, std::uint64_t total) {
  const auto now = clock::now();
  if (!begun_) {
    begun_ = true;
    before_ = done;
    start_ = drawn_at_ = now;
    tenths_ = total > 0 ? done * 10 / total : 0;
  }
  const std::chrono::duration<double> seconds = now - start_;
  if (terminal_) {
    if (now - drawn_at_ < redraw && done < total)
      return;
    constexpr int width = 30;
    const auto filled = static_cast<std::size_t>(total > 0 ? done * width / total : 0);
    const auto bar = std::string(filled, '#') + std::string(width - std::min<std::size_t>(filled, width), '.');
    std::fprintf(stderr, "\r\x1b[K[%s] %s", bar.c_str(), line(done, total, before_, seconds.count()).c_str());
    std::fflush(stderr);
    drawn_ = true;
    drawn_at_ = now;
  } else if (total > 0 && done * 10 / total > tenths_) {
    tenths_ = done * 10 / total;
    std::fprintf(stderr, "%s\n", line(done, total, before_, seconds.count()).c_str());
  }
}

void fetch_display::clear() {
  if (drawn_)
    std::fprintf(stderr, "\r\x1b[K");
  drawn_ = false;
}

} // namespace avp
