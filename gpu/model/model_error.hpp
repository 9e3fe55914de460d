// What is thrown when a model can't be opened or fetched.
#pragma once

#include "gpu/user_error.hpp"

namespace avp {

/// A model file that can't be used. The text says which file, what was expected, what came, what to do.
class model_error : public user_error {
public:
  using user_error::user_error;
};

} // namespace avp
