// SPDX-License-Identifier: GPL-2.0
/*
 * The device: see device.h.
 */
#include <linux/cdev.h>
#include <linux/device.h>

#include "context.h"
#include "device.h"

static dev_t capipc_device_number;
static struct cdev capipc_cdev;
static struct class *capipc_class;

/* Everybody may open it. */
static char *capipc_devnode(capipc_compat_devnode_device *device, umode_t *mode)
{
	if (mode)
		*mode = 0666;
	return NULL;
}

int capipc_device_init(void)
{
	struct device *device;
	int ret;

	ret = alloc_chrdev_region(&capipc_device_number, 0, 1, "capipc");
	if (ret)
		return ret;
	capipc_class = capipc_compat_class_create("capipc");
	if (IS_ERR(capipc_class)) {
		ret = PTR_ERR(capipc_class);
		goto err_region;
	}
	capipc_class->devnode = capipc_devnode;
	cdev_init(&capipc_cdev, &capipc_fops);
	capipc_cdev.owner = THIS_MODULE;
	ret = cdev_add(&capipc_cdev, capipc_device_number, 1);
	if (ret)
		goto err_class;
	device = device_create(capipc_class, NULL, capipc_device_number, NULL, "capipc");
	if (IS_ERR(device)) {
		ret = PTR_ERR(device);
		goto err_cdev;
	}
	return 0;

err_cdev:
	cdev_del(&capipc_cdev);
err_class:
	class_destroy(capipc_class);
err_region:
	unregister_chrdev_region(capipc_device_number, 1);
	return ret;
}

void capipc_device_exit(void)
{
	device_destroy(capipc_class, capipc_device_number);
	cdev_del(&capipc_cdev);
	class_destroy(capipc_class);
	unregister_chrdev_region(capipc_device_number, 1);
}
