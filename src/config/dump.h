#pragma once

#include <string>

#include "config/fields.h"

namespace patchbay::config {

/// The value of a field as YAML on one line; empty when it is absent.
std::string text_of(const Field& field);

/// A whole number without a decimal point, any other as short as it can be.
std::string number_text(double v);

}  // namespace patchbay::config
