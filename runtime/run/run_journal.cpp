// Entries of a run's journal.
#include "runtime/run/run_journal.hpp"

#include <utility>

namespace avp {

void run_journal::add(std::size_t number, const input_item& item) {
  if (number < records_)
    return;
  journal_.add(saved_record{number, item});
  records_ = number + 1;
}

void run_journal::add_end(std::size_t records) { journal_.add(input_end{records}); }

void run_journal::add(const std::string& task, const std::string& stage, const ended_hop& hop) {
  journal_.add(saved_hop{hop, task, stage});
}

void run_journal::add(saved_result result) { journal_.add(std::move(result)); }

} // namespace avp
