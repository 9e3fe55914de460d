// What a pipeline file says about other machines: internal to the loader.
#include <algorithm>

#include <avp/runtime/pipeline/node_tables.hpp>
#include <avp/runtime/text/listen_address.hpp>
#include <avp/runtime/text/nearest_name.hpp>

namespace avp {
namespace {

constexpr std::string_view tcp = "tcp://";
constexpr auto control_form = "\"host:port\", such as \"10.0.0.2:5554\"";
constexpr auto data_form = "\"tcp://host:port\", such as \"tcp://10.0.0.2:5555\"";

bool is_above_0(double value) { return value > 0; }

// An address that has to be of a form; empty where it is not.
std::string address(table_reader& table, const std::string& key, const char* form, bool (*fits)(const std::string&)) {
  const auto text = table.text(key);
  if (!text || fits(*text))
    return text.value_or("");
  table.source().report(key_path(table.path(), key), "\"" + key + "\" must be " + form + ", found \"" + *text + "\"");
  return "";
}

node_entry read_node(const std::string& name, table_reader& table) {
  node_entry node{.name = name};
  node.control = address(table, "control", control_form, is_control_address);
  node.data = address(table, "data", data_form, is_data_address);
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

bool is_loopback(const std::string& text) {
  const auto address = parse_listen_address(text.starts_with(tcp) ? text.substr(tcp.size()) : text);
  return address && (address->host == "localhost" || address->host == "::1" || address->host.starts_with("127."));
}

bool is_control_address(const std::string& text) {
  const auto address = parse_listen_address(text);
  return address && address->port != 0 && !text.starts_with(':') && !text.starts_with('*');
}

bool is_data_address(const std::string& text) {
  return text.starts_with(tcp) && is_control_address(text.substr(tcp.size()));
}

void read_nodes(table_reader& top, pipeline& p) {
  read_node_rules(top, p.node_rules);
  for_each_table(top, "node", [&](const auto& name, auto& table) {
    if (name == local_node)
      p.node_rules.local_data = address(table, "data", data_form, is_data_address);
    else
      p.nodes.push_back(read_node(name, table));
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
    if (!p.node_rules.keys && !p.node_rules.unencrypted &&
        ((!node.control.empty() && !is_loopback(node.control)) || (!node.data.empty() && !is_loopback(node.data))))
      source.report("node." + node.name, "the node \"" + node.name +
                                             "\" is on another machine, so the file needs keys = \"FOLDER\" (`avp-key "
                                             "cluster` makes them), or unencrypted = true, which lets everybody on "
                                             "the network read along and give orders");
}

} // namespace avp
