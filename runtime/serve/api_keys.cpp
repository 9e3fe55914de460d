// Keys compared by their digests, all of them, in constant time.
#include "runtime/serve/api_keys.hpp"

#include <fstream>
#include <string>

#include <openssl/crypto.h>

#include "gpu/user_error.hpp"
#include "transport/ascii.hpp"
#include "transport/sha256.hpp"

namespace avp {

api_keys::api_keys(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::ifstream in(file);
  if (!in || fs::is_directory(file, error))
    throw user_error("cannot read the keys of --api-keys " + file.string() + "; is the path right?");
  if ((fs::status(file, error).permissions() & (fs::perms::group_write | fs::perms::others_all)) != fs::perms::none)
    throw user_error("the keys in " + file.string() + " are open to others: chmod 600 " + file.string());
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const auto key = trimmed(line);
    if (key.empty() || key.front() == '#')
      continue;
    if (key.find_first_of(" \t") != std::string_view::npos)
      throw user_error(file.string() + ":" + std::to_string(number) + ": a key has no blanks in it; one key a line");
    digests_.push_back(sha256(key));
  }
  if (digests_.empty())
    throw user_error("there is no key in " + file.string() +
                     ": write one a line, such as that of: openssl rand -hex 24");
}

bool api_keys::admit(std::string_view authorization) const {
  if (digests_.empty())
    return true;
  constexpr std::string_view scheme = "bearer ";
  if (lowered(authorization.substr(0, scheme.size())) != scheme)
    return false;
  const auto given = sha256(trimmed(authorization.substr(scheme.size())));
  unsigned found = 0;
  for (const auto& known : digests_)
    found |= static_cast<unsigned>(CRYPTO_memcmp(known.data(), given.data(), known.size()) == 0);
  return found != 0;
}

} // namespace avp
