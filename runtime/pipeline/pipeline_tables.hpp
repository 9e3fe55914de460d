// From the tables of a pipeline file to a pipeline whose parts do not know each other yet: internal to the loader.
#pragma once

#include <string>
#include <vector>

#include "agents/registry.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/pipeline_source.hpp"
#include "runtime/pipeline/table_reader.hpp"

namespace avp {

/// Reports a device that is called neither cpu nor cuda:N, at the key `device` of a table.
void check_device(const std::string& device, table_reader& table);

/// Reads `[device.X]`.
[[nodiscard]] std::vector<device_entry> read_devices(table_reader& top);

/// Reads every table, reporting unknown keys, wrong types and values out of range. The flow is parsed (syntax, repeated
/// hand-overs and cycles reported); agents are in the order of their names, and only those that have a table.
[[nodiscard]] pipeline read_tables(pipeline_source& source, const std::vector<kind_info>& kinds);

} // namespace avp
