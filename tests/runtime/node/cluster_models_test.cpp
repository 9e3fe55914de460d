// One name, one model, wherever it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/cluster_models.hpp"

namespace {

using namespace avp;
using testing::ElementsAre;
using testing::IsEmpty;

model_report reported(const std::string& name, const std::string& digest, const std::string& numerics = "bfloat16") {
  return {.name = name, .weights_digest = digest, .numerics = numerics};
}

TEST(cluster_models, whoever_is_first_is_right) {
  cluster_models models;
  models.add_local(reported("main", "0123456789abcdef"));
  EXPECT_THAT(models.objections("b", {reported("main", "0123456789abcdef"), reported("other", "1")}), IsEmpty());
  EXPECT_THAT(models.objections("c", {reported("main", "fedcba9876543210"), reported("other", "1", "int8")}),
              ElementsAre("model 'main' has other weights (fedcba987654…) than this machine (0123456789ab…)",
                          "model 'other' runs with \"int8\", and node 'b' has \"bfloat16\""));
  const auto all = models.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].weights_digest, "0123456789abcdef");
  EXPECT_EQ(all[1].numerics, "bfloat16");
}

TEST(cluster_models, this_machine_is_right_also_when_it_tells_last) {
  cluster_models models;
  const std::vector<model_report> of_b = {reported("main", "fedcba9876543210")};
  EXPECT_THAT(models.objections("b", of_b), IsEmpty());
  models.add_local(reported("main", "0123456789abcdef"));
  EXPECT_THAT(models.objections("b", of_b),
              ElementsAre("model 'main' has other weights (fedcba987654…) than this machine (0123456789ab…)"));
  EXPECT_EQ(models.all().at(0).weights_digest, "0123456789abcdef");
}

} // namespace
