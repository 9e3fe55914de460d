// Values of a template: what Python would have, as far as templates can tell.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "gpu/text/marked_text.hpp"

namespace avp::jinja {

class value;
class object;
struct sequence;
class mapping;

/// How Python calls a sequence, which decides how it is printed, compared and measured.
enum class sequence_kind : std::uint8_t { list, tuple, range, generator, keys, values, items };

/// Who wrote the strings of a value: the model's maker, or whoever fills the template.
enum class origin : std::uint8_t { trusted, data };

/// A value that is not there, and why.
struct undefined {
  std::shared_ptr<const std::string> reason;
};

/// A value. Strings, lists and maps are shared and never change.
class value {
public:
  /// Undefined, without a reason.
  value() = default;

  value(std::nullptr_t) : held_(nullptr) {}     // NOLINT(google-explicit-constructor): None
  value(bool truth) : held_(truth) {}           // NOLINT(google-explicit-constructor)
  value(std::int64_t number) : held_(number) {} // NOLINT(google-explicit-constructor)
  value(double number) : held_(number) {}       // NOLINT(google-explicit-constructor)
  value(marked_text text);                      // NOLINT(google-explicit-constructor)
  value(sequence items);                        // NOLINT(google-explicit-constructor)
  value(mapping entries);                       // NOLINT(google-explicit-constructor)
  value(std::shared_ptr<object> made);          // NOLINT(google-explicit-constructor)
  value(const char*) = delete;                  // it would become a bool

  /// A string of the template's own.
  [[nodiscard]] static value trusted(std::string text);

  /// A value that is not there; `reason` is what an operation on it says.
  [[nodiscard]] static value missing(std::string reason);

  /// A list.
  [[nodiscard]] static value list(std::vector<value> items);

  /// A tuple.
  [[nodiscard]] static value tuple(std::vector<value> items);

  /// What can be looked through once, as filters like map() give it.
  [[nodiscard]] static value generator(std::vector<value> items);

  /// What a JSON text says; its strings, keys too, come from `from`. Throws fault where it is nested too deeply, or has
  /// a number beyond 64 bits.
  [[nodiscard]] static value from_json(const nlohmann::ordered_json& json, origin from);

  [[nodiscard]] bool is_undefined() const { return std::holds_alternative<undefined>(held_); }
  [[nodiscard]] bool is_none() const { return std::holds_alternative<std::nullptr_t>(held_); }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(held_); }
  [[nodiscard]] bool is_int() const { return std::holds_alternative<std::int64_t>(held_); }
  [[nodiscard]] bool is_float() const { return std::holds_alternative<double>(held_); }
  [[nodiscard]] bool is_number() const { return is_bool() || is_int() || is_float(); }

  /// The string, sequence, map or object, or nullptr where it is something else.
  [[nodiscard]] const marked_text* text() const;
  [[nodiscard]] const sequence* items() const;
  [[nodiscard]] const mapping* entries() const;
  [[nodiscard]] std::shared_ptr<object> made() const;

  /// A bool or an integer as an integer; another value is undefined behaviour.
  [[nodiscard]] std::int64_t integer() const;

  /// A number as a floating-point number.
  [[nodiscard]] double real() const;

  /// Whether Python counts it as true.
  [[nodiscard]] bool truth() const;

  /// What Python calls its type.
  [[nodiscard]] std::string type_name() const;

  /// Why it is undefined.
  [[nodiscard]] std::string reason() const;

  /// How many lists and maps lie in one another.
  [[nodiscard]] std::size_t depth() const;

  /// Whether both are one and the same, as Python's `is` has it.
  [[nodiscard]] bool same_as(const value& other) const;

private:
  std::variant<undefined, std::nullptr_t, bool, std::int64_t, double, std::shared_ptr<const marked_text>,
               std::shared_ptr<const sequence>, std::shared_ptr<const mapping>, std::shared_ptr<object>>
      held_;
};

/// A list, or what else has its elements in a row.
struct sequence {
  sequence_kind kind = sequence_kind::list;
  std::vector<value> items;
  std::array<std::int64_t, 3> bounds{};     ///< Of a range: its start, stop and step.
  std::vector<std::string_view> names = {}; ///< Of the elements, for tuples that have some: their words last for ever.
  std::string failure = {};                 ///< What a generator throws once its elements are given; empty: nothing.
  mutable std::size_t taken = 0;            ///< How many elements of a generator were looked at.
  std::size_t depth = 1;                    ///< Counted when a value is made of it.
};

/// How keys are found: True, 1 and 1.0 are one key.
struct key_hash {
  std::size_t operator()(const value& key) const;
};
struct key_equal {
  bool operator()(const value& left, const value& right) const;
};

/// A dict: keys in the order in which they came.
class mapping {
public:
  /// The entries, oldest first.
  [[nodiscard]] const std::vector<std::pair<value, value>>& entries() const { return entries_; }

  /// The value under `key`, or nullptr. Throws fault for a key that can't be one.
  [[nodiscard]] const value* find(const value& key) const;
  [[nodiscard]] const value* find(std::string_view key) const;

  /// Puts `held` under `key`, in place of what was there. Throws fault for a key that can't be one.
  void put(const value& key, value held);

  /// How many lists and maps lie in one another, this one too.
  [[nodiscard]] std::size_t depth() const { return depth_; }

private:
  std::vector<std::pair<value, value>> entries_;
  std::unordered_map<value, std::size_t, key_hash, key_equal> places_;
  std::size_t depth_ = 1;
};

} // namespace avp::jinja
