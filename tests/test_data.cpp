// The one file that knows where the source tree lies: all others compile to the same in any folder.
#include "tests/test_data.hpp"

namespace avp::test {

std::string test_data(const std::string& name) { return AVP_TEST_DATA "/" + name; }

} // namespace avp::test
