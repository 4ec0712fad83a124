"""Routes for partners: customers who have granted it."""
