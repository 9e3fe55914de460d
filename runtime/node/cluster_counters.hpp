// What node zero knows of the other nodes' doings, for totals, metrics and trace.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/node/device_activity.hpp"
#include "runtime/node/link_traffic.hpp"
#include "runtime/telemetry/cluster_totals.hpp"
#include "runtime/telemetry/device_monitor.hpp"
#include "runtime/telemetry/trace_file.hpp"

namespace avp {

/// Any thread. A node counts from its greeting on; what it counted in sessions that are over is kept.
class cluster_counters {
public:
  /// Events of the nodes' devices go to `trace`, where there is one.
  explicit cluster_counters(std::shared_ptr<trace_file> trace) : trace_(std::move(trace)) {}

  /// Whether anybody wants to know of single steps and requests.
  [[nodiscard]] bool is_traced() const { return trace_ != nullptr; }

  void add_node(const std::string& node);
  void set_ready(const std::string& node, bool is_ready);
  void count_hop(const std::string& node);
  void count_retried(const std::string& node);

  /// Its connection is gone, and what it counts next begins at zero.
  void end_session(const std::string& node, bool was_ready);

  /// `shift` is how far this process's clock is ahead of the node's.
  void note(const std::string& node, const device_activity& activity, std::chrono::nanoseconds shift);
  void note(const std::string& node, const link_counters& link);

  /// What this process fetched from a node.
  void note(const request_record& fetched);

  /// What this process sent to each node.
  void note_sent(const std::map<std::string, link_traffic>& traffic);

  [[nodiscard]] cluster_totals totals() const;

  /// The nodes' devices, called NODE/DEVICE.
  [[nodiscard]] std::vector<device_totals> devices() const;

private:
  struct device_entry {
    device_totals now;       // of all sessions
    device_counters earlier; // of those that are over
    int place_in_trace = 0;
  };

  struct link_entry {
    link_totals now;
    link_totals earlier;
  };

  [[nodiscard]] device_entry& device_of(const std::string& node, const std::string& device);
  [[nodiscard]] link_entry& link_of(const std::string& from, const std::string& to);

  std::shared_ptr<trace_file> trace_;
  mutable std::mutex guard_; // of the following
  std::map<std::string, node_totals> nodes_;
  std::map<std::pair<std::string, std::string>, device_entry> devices_; // by node and device
  std::map<std::pair<std::string, std::string>, link_entry> links_;     // by sender and receiver
};

} // namespace avp
