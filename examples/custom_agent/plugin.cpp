// The agent as a plugin: avp-run --plugin libcalculator.so
#include <avp/agents/registry.hpp>

#include "calculator_agent.hpp"

extern "C" void avp_register(avp::registry& kinds) { kinds.add<calculator::calculator_agent>("calculator"); }
