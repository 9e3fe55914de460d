// Codes of failures: the list, its names, and how they travel.
#include <fstream>
#include <new>
#include <regex>
#include <string>
#include <vector>

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <gtest/gtest.h>

#include "gpu/device_error.hpp"
#include "gpu/error_code.hpp"
#include "gpu/thrown.hpp"
#include "tests/test_data.hpp"

namespace avp::test {
namespace {

TEST(error_code, each_has_a_name_that_leads_back_to_it) {
  std::size_t place = 0;
  for (const auto& [code, name, status] : error_codes) {
    EXPECT_EQ(static_cast<std::size_t>(code), ++place);
    EXPECT_EQ(name_of(code), name);
    EXPECT_EQ(value_named<error_code>(name), code);
  }
  EXPECT_EQ(value_named<error_code>("nothing"), std::nullopt);
}

TEST(error_code, survives_as_an_error_of_an_actor) {
  for (const auto& entry : error_codes) {
    const auto back = failure_of(make_error({entry.code, "why"}));
    EXPECT_EQ(back.code, entry.code);
    EXPECT_EQ(back.text, "why");
  }
  EXPECT_EQ(failure_of(caf::make_error(caf::sec::request_timeout)).code, error_code::internal);
  EXPECT_EQ(failure_of(caf::make_error(caf::exit_reason::kill)).code, error_code::internal);
  EXPECT_EQ(failure_of(caf::error()).code, error_code::internal);
}

template <class Thrown>
failure failure_by(const Thrown& thrown) {
  return failure_of(std::make_exception_ptr(thrown));
}

TEST(error_code, of_what_is_thrown) {
  EXPECT_EQ(failure_by(request_error(error_code::time_limit, "late")).code, error_code::time_limit);
  EXPECT_EQ(failure_by(std::bad_alloc()).code, error_code::out_of_memory);
  EXPECT_EQ(failure_by(std::runtime_error("defect")).code, error_code::internal);
  EXPECT_EQ(failure_by(std::runtime_error("defect")).text, "defect");
  EXPECT_EQ(failure_by(7).code, error_code::internal);
}

TEST(error_code, the_manual_lists_them_all) {
  std::vector<std::string> documented, known;
  std::ifstream manual(test_data("../../docs/error_codes.md"));
  const std::regex row(R"(\| `(\w+)` \| (\d+) \| .+ \|)");
  std::smatch found;
  for (std::string line; std::getline(manual, line);)
    if (std::regex_match(line, found, row))
      documented.push_back(found.str(1) + " " + found.str(2));
  for (const auto& entry : error_codes)
    known.push_back(std::string(entry.name) + " " + std::to_string(entry.http_status));
  EXPECT_EQ(documented, known);
}

} // namespace
} // namespace avp::test
