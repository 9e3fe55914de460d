// One family of samples after the other.
#include "runtime/telemetry/metrics_text.hpp"

#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace avp {

namespace {

using sample = std::pair<const char*, nlohmann::json>; // what tells it from the others of its family, and its value

// As the format wants the value of a label.
std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (const char c : value)
    if (c == '\n')
      text += "\\n";
    else
      text += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
  return text + "\"";
}

std::string labels_of(const node_totals& node) { return "node=" + quoted(node.node); }

std::string labels_of(const link_totals& link) { return "from=" + quoted(link.from) + ",to=" + quoted(link.to); }

class exposition {
public:
  explicit exposition(const std::vector<device_totals>& devices) : devices_(devices) {}

  // `samples` gives those of one device; `label` is what their first halves are values of, empty where there is one.
  template <class Samples>
  void family(const std::string& name, const char* type, const std::string& help, const std::string& label,
              Samples samples) {
    head(name, type, help);
    for (const auto& device : devices_)
      for (const auto& [value, number] : samples(device.counters)) {
        text_ += name + "{device=" + quoted(device.device);
        if (!label.empty())
          text_ += "," + label + "=" + quoted(value);
        text_ += "} " + number.dump() + "\n";
      }
  }

  // A sample for each node, or for each link.
  template <class All, class Value>
  void family_of(const All& all, const std::string& name, const char* type, const std::string& help, Value value) {
    if (all.empty())
      return;
    head(name, type, help);
    for (const auto& one : all)
      text_ += name + "{" + labels_of(one) + "} " + nlohmann::json(value(one)).dump() + "\n";
  }

  template <class Member>
  void counter(const std::string& name, const std::string& help, Member device_counters::*member) {
    family(name, "counter", help, "", [&](const device_counters& c) { return std::vector<sample>{{"", c.*member}}; });
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

private:
  void head(const std::string& name, const char* type, const std::string& help) {
    text_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }

  const std::vector<device_totals>& devices_;
  std::string text_;
};

} // namespace

std::string metrics_text(const std::vector<device_totals>& devices, const cluster_totals& nodes) {
  using samples = std::vector<sample>;
  using counters = device_counters;
  exposition out(devices);
  out.counter("avp_steps_total", "Forward passes.", &counters::steps);
  out.family("avp_rows_total", "counter", "Rows of forward passes: prompt tokens, latent steps, tokens of answers.",
             "kind", [](const counters& c) {
               return samples{{"prefill", c.rows.prefill}, {"latent", c.rows.latent}, {"decode", c.rows.decode}};
             });
  out.family("avp_rows_replayed_total", "counter", "Of all rows, those run again to rebuild what had lost its blocks.",
             "", [](const counters& c) {
               return samples{{"", c.rows.replayed}};
             });
  out.family("avp_rows_guessed_total", "counter", "Of all rows, those whose token was guessed.", "",
             [](const counters& c) {
               return samples{{"", c.rows.guessed}};
             });
  out.family("avp_rows_accepted_total", "counter", "Of those, the ones whose guess came true.", "",
             [](const counters& c) {
               return samples{{"", c.rows.accepted}};
             });
  out.counter("avp_busy_seconds_total", "Time in forward passes, sampling and latent steps.", &counters::busy_seconds);
  out.family("avp_requests", "gauge", "Requests of agents under way.", "state", [](const counters& c) {
    return samples{{"running", c.requests_running}, {"waiting", c.requests_waiting}};
  });
  out.counter("avp_requests_done_total", "Requests that were answered.", &counters::requests_done);
  out.counter("avp_requests_failed_total", "Requests that failed, were cancelled, or ran out of time.",
              &counters::requests_failed);
  out.counter("avp_queue_seconds_total", "Time from submission to the first row, summed over requests.",
              &counters::queue_seconds);
  out.counter("avp_preemptions_total", "Running requests that had to give up their blocks.", &counters::preemptions);
  out.family(
      "avp_kv_blocks", "gauge",
      "Blocks of the KV-cache: held by a request or a context, by more than one, by none but kept, and all that fit.",
      "state", [](const counters& c) {
        return samples{{"used", c.blocks_used},
                       {"shared", c.blocks_shared},
                       {"cached", c.blocks_cached},
                       {"total", c.blocks_total}};
      });
  out.family("avp_kv_block_bytes", "gauge", "Size of a block.", "", [](const counters& c) {
    return samples{{"", c.block_bytes}};
  });
  out.counter("avp_blocks_copied_total", "Blocks copied because two continued in one.", &counters::blocks_copied);
  out.counter("avp_contexts_evicted_total", "Contexts whose blocks were taken back.", &counters::contexts_evicted);
  out.counter("avp_shared_tokens_total", "Prompt tokens not computed because another prompt began alike.",
              &counters::shared_tokens);
  out.family_of(nodes.nodes, "avp_node_up", "gauge", "Whether the node is connected and takes hops.",
                [](const node_totals& node) { return node.is_ready ? 1 : 0; });
  out.family_of(nodes.nodes, "avp_node_hops_total", "counter", "Hops that the node finished.",
                [](const node_totals& node) { return node.hops; });
  out.family_of(nodes.nodes, "avp_node_lost_total", "counter", "How often the connection to the node was lost.",
                [](const node_totals& node) { return node.lost; });
  out.family_of(nodes.nodes, "avp_hops_retried_total", "counter", "Hops begun anew because their node was lost.",
                [](const node_totals& node) { return node.retried; });
  out.family_of(nodes.links, "avp_link_contexts_total", "counter", "Contexts that went from node to node.",
                [](const link_totals& link) { return link.contexts; });
  out.family_of(nodes.links, "avp_link_bytes_total", "counter", "Bytes of their AVP messages on the socket.",
                [](const link_totals& link) { return link.bytes; });
  out.family_of(nodes.links, "avp_link_whole_bytes_total", "counter",
                "Bytes, had every context travelled from its first position on.",
                [](const link_totals& link) { return link.whole_bytes; });
  return std::move(out).text();
}

} // namespace avp
