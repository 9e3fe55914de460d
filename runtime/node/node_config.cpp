// Reading the file of a node.
#include "runtime/node/node_config.hpp"

#include <fstream>
#include <sstream>

#include "gpu/model/catalogue.hpp"
#include "runtime/pipeline/node_tables.hpp"
#include "runtime/pipeline/pipeline_tables.hpp"

namespace avp {

namespace {

namespace fs = std::filesystem;

void read_addresses(table_reader& top, node_config& config) {
  config.control = read_address(top, "control", address_use::listen).value_or(tcp_address{});
  if (const auto data = read_endpoint(top, "data", address_use::listen))
    config.data = "tcp://" + to_string(*data);
  for (const std::string key : {"name", "control", "data"})
    if (!top.source().has({key}))
      top.source().report(key, "the file of a node needs \"" + key + "\"");
}

hosted_model read_hosted_model(const std::string& name, table_reader& table, const fs::path& folder) {
  hosted_model model{name, table.text("source"), table.text("device")};
  if (model.source && fs::path(*model.source).is_relative() && !find_in_catalogue(*model.source))
    model.source = (folder / *model.source).lexically_normal().string();
  if (model.device)
    check_device(*model.device, table);
  return model;
}

void check_security(const node_config& config, pipeline_source& source) {
  if (config.keys && config.unencrypted)
    source.report("unencrypted",
                  "\"unencrypted\" is for a node without keys, and this file has \"keys\"; leave out one of them");
  if (config.keys || config.unencrypted)
    return;
  const auto needs_keys = [&](const char* key, const tcp_address& address, const std::string& text) {
    if (!is_loopback(address))
      source.report(key, "other machines can reach " + text +
                             ", so the file needs keys = \"FOLDER\" (`avp-key cluster` makes them), or unencrypted = "
                             "true, which lets everybody on the network read along and give orders");
  };
  needs_keys("control", config.control, to_string(config.control));
  needs_keys("data", parse_tcp_endpoint(config.data, address_use::listen).value_or(tcp_address{}), config.data);
}

node_config read(pipeline_source& source, const fs::path& folder) {
  node_config config;
  table_reader top(source, &source.root(), "");
  config.name = top.text("name").value_or("");
  read_addresses(top, config);
  if (const auto keys = top.text("keys"))
    config.keys = (folder / *keys).lexically_normal();
  config.unencrypted = top.boolean("unencrypted").value_or(false);
  config.fetch = top.boolean("fetch").value_or(false);
  config.timeout = top.number("timeout", "a number of seconds above 0", [](double value) { return value > 0; })
                       .value_or(config.timeout);
  for_each_table(top, "model", [&](const auto& name, auto& table) {
    config.models.push_back(read_hosted_model(name, table, folder));
  });
  config.devices = read_devices(top);
  top.finish();
  if (config.name == local_node)
    source.report("name", "no node can be called \"local\": that is the machine on which avp-run runs");
  check_security(config, source);
  return config;
}

} // namespace

node_config_result load_node_config(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file))
    return {{}, {{file.string(), 0, 0, "cannot read the node's file; is the path right?"}}};
  std::ostringstream text;
  text << in.rdbuf();
  pipeline_source source(text.str(), file.string(), {});
  if (!source.parsed())
    return {{}, source.sorted_mistakes()};
  auto config = read(source, file.parent_path());
  auto mistakes = source.sorted_mistakes();
  if (!mistakes.empty())
    return {{}, std::move(mistakes)};
  return {std::move(config), {}};
}

} // namespace avp
