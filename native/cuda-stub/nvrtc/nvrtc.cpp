// A stand-in for NVRTC. It turns every source into an image without code, which only the stand-in for the driver
// can load. Its kernels do nothing. With both, a benchmark measures the host's part of a launch. The version is 0.0.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUB_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Program {
  char image[64];
};

constexpr char kLog[] = "compiled by a stub, which makes no code";
constexpr char kCluster[] = "--define-macro=TEMPER_CLUSTER=";

}  // namespace

STUB_EXPORT const char* nvrtcGetErrorString(int) { return "NVRTC_STUB"; }

STUB_EXPORT int nvrtcVersion(int* major, int* minor) {
  *major = *minor = 0;
  return 0;
}

STUB_EXPORT int nvrtcGetNumSupportedArchs(int* count) {
  *count = 1;
  return 0;
}

STUB_EXPORT int nvrtcGetSupportedArchs(int* architectures) {
  architectures[0] = 90;
  return 0;
}

STUB_EXPORT int nvrtcCreateProgram(Program** program, const char*, const char*, int, const char**, const char**) {
  *program = new Program;
  return 0;
}

STUB_EXPORT int nvrtcDestroyProgram(Program** program) {
  delete *program;
  *program = nullptr;
  return 0;
}

STUB_EXPORT int nvrtcCompileProgram(Program* program, int count, const char** options) {
  int cluster = 1;
  for (int i = 0; i < count; i++)
    if (strncmp(options[i], kCluster, sizeof kCluster - 1) == 0) cluster = atoi(options[i] + sizeof kCluster - 1);
  snprintf(program->image, sizeof program->image, "stub image without code, cluster %d", cluster);
  return 0;
}

STUB_EXPORT int nvrtcGetProgramLogSize(Program*, size_t* bytes) {
  *bytes = sizeof kLog;
  return 0;
}
STUB_EXPORT int nvrtcGetProgramLog(Program*, char* log) {
  memcpy(log, kLog, sizeof kLog);
  return 0;
}
STUB_EXPORT int nvrtcGetCUBINSize(Program* program, size_t* bytes) {
  *bytes = strlen(program->image) + 1;
  return 0;
}
STUB_EXPORT int nvrtcGetCUBIN(Program* program, char* image) {
  strcpy(image, program->image);
  return 0;
}
STUB_EXPORT int nvrtcGetPTXSize(Program* program, size_t* bytes) { return nvrtcGetCUBINSize(program, bytes); }
STUB_EXPORT int nvrtcGetPTX(Program* program, char* image) { return nvrtcGetCUBIN(program, image); }
