// {{history}} in prompts: what was said in a conversation before the question.
#pragma once

#include <string_view>

namespace avp {

/// The name of that variable. A record may have a field of this name; where it has none, the variable is empty. So a
/// pipeline that is served, where earlier turns of the conversation come in it, is one that avp-run runs as well.
inline constexpr std::string_view history_variable = "history";

} // namespace avp
