// Why a report can't be made.
#pragma once

#include <stdexcept>

namespace avp {

/// A run that can't be reported or a report that can't be written: where, what was expected, what to do.
class report_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace avp
