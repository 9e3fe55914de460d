// The agent as a plugin: avp-run --plugin libcalculator.so
#include "calculator_agent.hpp"
#include <avp/agents/registry.hpp>

extern "C" void avp_register(avp::registry& kinds) { kinds.add<calculator::calculator_agent>("calculator"); }
