// The one file that knows where the program was built.
#include "tests/runtime/score/misbehaving_scorer.hpp"

namespace avp::test {

std::string misbehaving_scorer() { return AVP_MISBEHAVING_SCORER; }

} // namespace avp::test
