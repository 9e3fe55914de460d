// Where the data of the tests lies.
#pragma once

#include <string>

namespace avp::test {

/// The path of a file of the source tree, given as seen from tests/data: "scores.jsonl", "../../pipelines/aime.toml".
[[nodiscard]] std::string test_data(const std::string& name);

} // namespace avp::test
