// The loss and the primitives for one instruction set, which the macro TEMPER_VARIANT names. The build compiles this
// file once per instruction set.
#include "list_check.h"
#include "list_rows.h"
#include "primitives.h"
#include "teacher_rows.h"
#include "top_k.h"

#define TEMPER_VARIANT_NAME_(name) variant_##name
#define TEMPER_VARIANT_NAME(name) TEMPER_VARIANT_NAME_(name)
#define TEMPER_STRING_(name) #name
#define TEMPER_STRING(name) TEMPER_STRING_(name)

namespace temper {

extern const Variant TEMPER_VARIANT_NAME(TEMPER_VARIANT);
const Variant TEMPER_VARIANT_NAME(TEMPER_VARIANT) = {TEMPER_STRING(TEMPER_VARIANT), kDivergences, loss_rows,
                                              primitive_rows, top_k_rows, check_lists};

}  // namespace temper
