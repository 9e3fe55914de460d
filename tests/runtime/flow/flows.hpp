// Pipelines that tests run: a chain and a fan.
#pragma once

namespace avp::test {

inline constexpr auto chain_of_three = R"(
name = "chain"
flow = ["a -> b -> c"]
[model.main]
source = "smollm2-135m-instruct"
[defaults]
temperature = 0.0
[agent.a]
kind = "think"
prompt = "A {{q}}"
[agent.b]
kind = "think"
prompt = "B"
text_prompt = "B {{a}}"
[agent.c]
kind = "generate"
prompt = "C"
text_prompt = "C {{a}} {{b}}"
direct_prompt = "only {{q}}"
[score]
kind = "contains"
expected = "{{want}}"
)";

inline constexpr auto fan_of_two = R"(
name = "fan"
flow = ["a, b -> c"]
[model.main]
source = "smollm2-135m-instruct"
[agent.a]
kind = "think"
prompt = "A {{q}}"
[agent.b]
kind = "think"
prompt = "B {{q}}"
[agent.c]
kind = "generate"
prompt = "C"
)";

} // namespace avp::test
