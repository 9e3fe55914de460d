// Reading and checking [sweep]: internal to the loader.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "runtime/pipeline/load_options.hpp"
#include "runtime/pipeline/table_reader.hpp"

namespace avp {

/// Reads `[sweep]`, where there is one, reporting unknown keys, wrong types, values out of range and keys that do not
/// go together. The pipeline's modes become those of the series.
void read_sweep(table_reader& top, pipeline& p);

/// Leaves of the series those of the modes that the command line asks for, and reports what of a sweep does not fit the
/// flow, the input or the command line. `fields` are those of the records, where they are known.
void check_sweep(pipeline& p, pipeline_source& source, const load_options& options,
                 const std::optional<std::set<std::string>>& fields);

} // namespace avp
