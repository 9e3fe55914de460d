// What a pipeline file says about other machines: internal to the loader.
#pragma once

#include <optional>
#include <string>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/pipeline_source.hpp"
#include "runtime/pipeline/table_reader.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// The `host:port` of a key, for orders, which go over CAF; nothing where it is not there, or wrong, which is reported.
[[nodiscard]] std::optional<tcp_address> read_address(table_reader& table, const std::string& key, address_use use);

/// The same of a key with `tcp://host:port`, for contexts, which go over ZeroMQ.
[[nodiscard]] std::optional<tcp_address> read_endpoint(table_reader& table, const std::string& key, address_use use);

/// Reads `[node.X]` and the keys of the file that concern nodes.
void read_nodes(table_reader& top, pipeline& p);

/// Reads `node` or `nodes` of [defaults] or an agent over what `spec` has.
void read_placement(table_reader& table, agent_spec& spec);

/// Reports nodes that agents name and that are not there, and nodes that may not be talked to without keys.
void check_nodes(const pipeline& p, pipeline_source& source);

} // namespace avp
