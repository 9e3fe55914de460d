// Rates and means from counters.
#include "runtime/telemetry/device_report.hpp"

#include <algorithm>

#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

double rows_per_step(const device_counters& c) {
  return ratio(static_cast<double>(c.rows.total()), static_cast<double>(c.steps));
}

double mean_queue_ms(const device_counters& c) {
  return 1000 * ratio(c.queue_seconds, static_cast<double>(c.requests_done + c.requests_failed));
}

// "prefill 1,234 (56.7/s)"
std::string rows_text(const char* kind, std::int64_t rows, double seconds) {
  return std::string(kind) + " " + with_separators(rows) + " (" +
         with_places(ratio(static_cast<double>(rows), seconds), 1) + "/s)";
}

} // namespace

std::string device_text(const device_totals& totals, double seconds) {
  const auto& c = totals.counters;
  auto text = "device " + totals.device + ": " + with_separators(c.steps) + " forward passes, " +
              with_places(rows_per_step(c), 1) + " rows each, busy " +
              with_places(100 * ratio(c.busy_seconds, seconds), 0) + " % of the time\n";
  text += "  rows: " + rows_text("prefill", c.rows.prefill, seconds) + ", " +
          rows_text("latent", c.rows.latent, seconds) + ", " + rows_text("decode", c.rows.decode, seconds) +
          "; run again: " + with_separators(c.rows.replayed) +
          (c.rows.guessed > 0 ? "; guessed: " + with_separators(c.rows.guessed) + ", of which " +
                                    with_separators(c.rows.accepted) + " came true"
                              : "") +
          "\n";
  text += "  requests: " + with_separators(c.requests_done) + " done, " + with_separators(c.requests_failed) +
          " failed, queued for " + with_places(mean_queue_ms(c), 1) +
          " ms on average; preemptions: " + with_separators(c.preemptions) + "\n";
  text += "  blocks of " + size_text(static_cast<std::uint64_t>(c.block_bytes)) + ": at most " +
          with_separators(totals.blocks_used_most) + " of " + with_separators(c.blocks_total) + " used, " +
          with_separators(totals.blocks_shared_most) + " shared; copied: " + with_separators(c.blocks_copied) +
          "; contexts evicted: " + with_separators(c.contexts_evicted) +
          "; prompt tokens shared: " + with_separators(c.shared_tokens) + "\n";
  return text;
}

nlohmann::ordered_json device_json(const device_totals& totals, double seconds) {
  const auto& c = totals.counters;
  const auto per_second = [&](std::int64_t rows) { return ratio(static_cast<double>(rows), seconds); };
  return {{"device", totals.device},
          {"steps", c.steps},
          {"rows_per_step", rows_per_step(c)},
          {"rows",
           {{"prefill", c.rows.prefill},
            {"latent", c.rows.latent},
            {"decode", c.rows.decode},
            {"replayed", c.rows.replayed},
            {"guessed", c.rows.guessed},
            {"accepted", c.rows.accepted}}},
          {"rows_per_second",
           {{"prefill", per_second(c.rows.prefill)},
            {"latent", per_second(c.rows.latent)},
            {"decode", per_second(c.rows.decode)}}},
          {"busy_seconds", c.busy_seconds},
          {"requests_done", c.requests_done},
          {"requests_failed", c.requests_failed},
          {"mean_queue_ms", mean_queue_ms(c)},
          {"preemptions", c.preemptions},
          {"block_bytes", c.block_bytes},
          {"blocks_total", c.blocks_total},
          {"blocks_used_most", totals.blocks_used_most},
          {"blocks_shared_most", totals.blocks_shared_most},
          {"blocks_copied", c.blocks_copied},
          {"contexts_evicted", c.contexts_evicted},
          {"shared_tokens", c.shared_tokens}};
}

} // namespace avp
