// What is thrown when a model can't be opened or fetched.
#pragma once

#include <stdexcept>

namespace avp {

/// A model file that can't be used. The text says which file, what was expected, what came, what to do.
class model_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace avp
