// Lanes of slices.
#include "runtime/report/timeline_chart.hpp"

#include <algorithm>
#include <map>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/axis.hpp"
#include "runtime/report/html_text.hpp"
#include "runtime/report/svg_picture.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

constexpr double width = 680;
constexpr double label_width = 130;
constexpr double margin_right = 14;
constexpr double heading = 24;
constexpr double lane = 22;
constexpr double axis_height = 36;

double end_of(const std::vector<request_slice>& slices) {
  double end = 0;
  for (const auto& slice : slices)
    end = std::max(end, slice.end_ms);
  return end;
}

// For its device, or for a context of another machine.
bool waits(const request_slice& slice) { return slice.what == "queued" || slice.what == "fetch"; }

// Others than these are about contexts: joined, read, made anew.
std::string style_of(const request_slice& slice, mode m) {
  if (waits(slice))
    return "queued";
  const bool answers = slice.what == "generate" || slice.what == "hop";
  return "bar " + std::string(name_of(m)) + (slice.what == "think" ? " shade2" : answers ? " shade3" : " shade1");
}

std::string hint_of(const request_slice& slice) {
  return slice.agent + " " + slice.what + ": from " + with_places(slice.start_ms / 1000, 3) + " s to " +
         with_places(slice.end_ms / 1000, 3) + " s";
}

void draw(svg_picture& picture, const timeline& line, double top, double (*x)(double, double), double most) {
  const auto end = end_of(line.slices);
  picture.text(4, top + 16, shortened(line.label, 40), "heading");
  picture.text(x(end, most), top + 16, with_places(end / 1000, 2) + " s",
               x(end, most) > width - 60 ? "number end halo" : "number halo");
  for (std::size_t i = 0; i < line.agents.size(); ++i) {
    const auto y = top + heading + lane * static_cast<double>(i);
    picture.text(label_width - 8, y + 14, shortened(line.agents[i], 18), "label end");
    for (const auto& slice : line.slices)
      if (slice.agent == line.agents[i]) {
        picture.rectangle(x(slice.start_ms, most), y + (waits(slice) ? 8 : 4),
                          std::max(0.5, x(slice.end_ms, most) - x(slice.start_ms, most)), waits(slice) ? 4 : 12,
                          style_of(slice, line.mode), hint_of(slice));
      }
  }
}

} // namespace

std::vector<request_slice> slices_from_hops(const task_result& result, const plan* planned) {
  std::map<std::string, double> ends;
  std::vector<request_slice> slices;
  double last = 0;
  for (const auto& hop : result.agents) {
    double start = last;
    if (const auto* agent = planned ? planned->find(hop.name) : nullptr) {
      start = 0;
      for (const auto& before : agent->after)
        if (const auto known = ends.find(before); known != ends.end())
          start = std::max(start, known->second);
    }
    last = start + std::max(0.0, hop.ms);
    ends[hop.name] = last;
    slices.push_back({hop.name, "hop", start, last});
  }
  return slices;
}

std::string timeline_chart(const std::string& task, const std::vector<timeline>& lines) {
  double most = 0;
  double bottom = 0;
  for (const auto& line : lines) {
    most = std::max(most, end_of(line.slices));
    bottom += heading + lane * static_cast<double>(line.agents.size()) + 6;
  }
  const auto ticks = linear_ticks(most / 1000, 6);
  const auto x = [](double ms, double whole) {
    return label_width + (width - label_width - margin_right) * ms / whole;
  };
  most = 1000 * ticks.back();
  svg_picture picture(width, bottom + axis_height, "Timeline of task " + task,
                      "When each agent waited and worked, in seconds from the task's first request; the numbers are in "
                      "the table below.");
  for (const auto tick : ticks) {
    picture.line(x(1000 * tick, most), 0, x(1000 * tick, most), bottom, "grid");
    picture.text(x(1000 * tick, most), bottom + 14, short_number(tick), "tick middle");
  }
  picture.text(width - margin_right, bottom + 30, "seconds since the task began", "unit end");
  double top = 0;
  for (const auto& line : lines) {
    draw(picture, line, top, x, most);
    top += heading + lane * static_cast<double>(line.agents.size()) + 6;
  }
  return picture.element();
}

} // namespace avp
