// What a pipeline file says about other machines: internal to the loader.
#pragma once

#include <string>

#include <avp/runtime/pipeline/pipeline.hpp>
#include <avp/runtime/pipeline/pipeline_source.hpp>
#include <avp/runtime/pipeline/table_reader.hpp>

namespace avp {

/// Whether an address is of this machine only: `host:port` or `tcp://host:port` with localhost, 127.… or [::1].
[[nodiscard]] bool is_loopback(const std::string& address);

/// Whether a text is `tcp://host:port` with a port other than 0.
[[nodiscard]] bool is_data_address(const std::string& text);

/// Whether a text is `host:port` with a host and a port other than 0.
[[nodiscard]] bool is_control_address(const std::string& text);

/// Reads `[node.X]` and the keys of the file that concern nodes.
void read_nodes(table_reader& top, pipeline& p);

/// Reads `node` or `nodes` of [defaults] or an agent over what `spec` has.
void read_placement(table_reader& table, agent_spec& spec);

/// Reports nodes that agents name and that are not there, and nodes that may not be talked to without keys.
void check_nodes(const pipeline& p, pipeline_source& source);

} // namespace avp
