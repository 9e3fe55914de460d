// A file or a repository of a Hugging Face hub.
#pragma once

#include <string>

namespace avp {

/// A file of a hub repository; where the file is empty, the whole of it.
struct hub_source {
  std::string repository; ///< "owner/name".
  std::string revision;   ///< Branch, tag or commit.
  std::string file;
};

} // namespace avp
