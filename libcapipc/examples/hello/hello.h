/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HELLO_H
#define HELLO_H

#define HELLO_NAME  "org.example.hello"
#define HELLO_GREET 1 /* (string who) => (string greeting) */

#endif /* HELLO_H */
