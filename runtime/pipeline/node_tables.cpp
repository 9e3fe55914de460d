// What a pipeline file says about other machines: internal to the loader.
#include "runtime/pipeline/node_tables.hpp"

#include <algorithm>

#include "transport/nearest_name.hpp"

namespace avp {
namespace {

constexpr auto tcp = "tcp://";
constexpr auto control_form = "\"host:port\", such as \"10.0.0.2:5554\"";
constexpr auto data_form = "\"tcp://host:port\", such as \"tcp://10.0.0.2:5555\"";

bool is_above_0(double value) { return value > 0; }

std::optional<tcp_address> read(table_reader& table, const std::string& key, address_use use,
                                expected<tcp_address> (*parse)(std::string_view, address_use)) {
  const auto text = table.text(key);
  if (!text)
    return std::nullopt;
  auto address = parse(*text, use);
  if (address)
    return std::move(*address);
  table.source().report(key_path(table.path(), key), "\"" + key + "\" " + address.error().message);
  return std::nullopt;
}

node_entry read_node(const std::string& name, table_reader& table) {
  node_entry node{.name = name};
  if (const auto control = read_address(table, "control", address_use::connect))
    node.control = to_string(*control);
  if (const auto data = read_endpoint(table, "data", address_use::connect))
    node.data = tcp + to_string(*data);
  node.zstd = table.boolean("zstd").value_or(false);
  for (const std::string key : {"control", "data"})
    if (!table.source().has({"node", name, key}))
      table.source().report(table.path(), "[" + table.path() + "] needs \"" + key +
                                              "\": " + (key == "control" ? control_form : data_form));
  return node;
}

void read_node_rules(table_reader& top, node_rules& rules) {
  if (const auto keys = top.text("keys"))
    rules.keys = *keys;
  rules.unencrypted = top.boolean("unencrypted").value_or(false);
  rules.timeout = top.number("node_timeout", "a number of seconds above 0", is_above_0).value_or(rules.timeout);
  rules.wait = top.number("node_wait", "a number of seconds, 0 or more", [](double value) { return value >= 0; })
                   .value_or(rules.wait);
  if (rules.keys && rules.unencrypted)
    top.source().report("unencrypted", "\"unencrypted\" is for a run without keys, and this file has \"keys\"; leave "
                                       "out one of them");
}

bool is_elsewhere(const node_entry& node) {
  const auto control = parse_tcp_address(node.control, address_use::connect);
  const auto data = parse_tcp_endpoint(node.data, address_use::connect);
  return (control && !is_loopback(*control)) || (data && !is_loopback(*data));
}

// Where a key of an agent's placement stands; empty for one that nobody wrote.
std::string place_of(const pipeline_source& source, const std::string& agent) {
  for (const std::string key : {"node", "nodes"})
    if (source.has({"agent", agent, key}))
      return "agent." + agent + "." + key;
  return source.has({"defaults", "node"}) ? "defaults.node" : "defaults.nodes";
}

void check_placement(const agent_spec& agent, const std::vector<std::string>& known, pipeline_source& source) {
  const auto place = place_of(source, agent.name);
  for (auto node = agent.nodes.begin(); node != agent.nodes.end(); ++node) {
    if (*node == local_node)
      source.report(place, "\"local\" is this machine and can't be one of several nodes; an avp-node on this machine "
                           "can");
    else if (std::find(known.begin(), known.end(), *node) == known.end()) {
      auto names = known;
      names.emplace_back(local_node);
      source.report(place, "there is no [node." + *node + "]" + name_hint(*node, names));
    }
    if (std::find(agent.nodes.begin(), node, *node) != node)
      source.report(place, "the node \"" + *node + "\" is named twice");
  }
}

} // namespace

std::optional<tcp_address> read_address(table_reader& table, const std::string& key, address_use use) {
  auto address = read(table, key, use, parse_tcp_address);
  if (!address || address->host.find('%') == std::string::npos)
    return address;
  table.source().report(key_path(table.path(), key), "\"" + key + "\" can't be the link-local address " +
                                                         to_string(*address) +
                                                         ", which CAF does not take; write another address of that "
                                                         "machine");
  return std::nullopt;
}

std::optional<tcp_address> read_endpoint(table_reader& table, const std::string& key, address_use use) {
  return read(table, key, use, parse_tcp_endpoint);
}

void read_nodes(table_reader& top, pipeline& p) {
  read_node_rules(top, p.node_rules);
  for_each_table(top, "node", [&](const auto& name, auto& table) {
    if (name != local_node)
      p.nodes.push_back(read_node(name, table));
    else if (const auto data = read_endpoint(table, "data", address_use::listen))
      p.node_rules.local_data = tcp + to_string(*data);
  });
}

void read_placement(table_reader& table, agent_spec& spec) {
  const auto one = table.text("node");
  const auto several = table.texts("nodes");
  if (one && several)
    table.source().report(key_path(table.path(), "nodes"),
                          "\"node\" names one node and \"nodes\" several; leave out one of them");
  else if (several && several->empty())
    table.source().report(key_path(table.path(), "nodes"), "\"nodes\" must name at least one node");
  if (several)
    spec.nodes = *several;
  else if (one)
    spec.nodes = *one == local_node ? std::vector<std::string>() : std::vector{*one};
}

void check_nodes(const pipeline& p, pipeline_source& source) {
  std::vector<std::string> known;
  for (const auto& node : p.nodes)
    known.push_back(node.name);
  for (const auto& agent : p.agents)
    check_placement(agent, known, source);
  for (const auto& node : p.nodes)
    if (!p.node_rules.keys && !p.node_rules.unencrypted && is_elsewhere(node))
      source.report("node." + node.name, "the node \"" + node.name +
                                             "\" is on another machine, so the file needs keys = \"FOLDER\" (`avp-key "
                                             "cluster` makes them), or unencrypted = true, which lets everybody on "
                                             "the network read along and give orders");
}

} // namespace avp
