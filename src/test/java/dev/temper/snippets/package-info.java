/** Code that README and Javadoc show, compiled and run. */
@NullMarked
package dev.temper.snippets;

import org.jspecify.annotations.NullMarked;
